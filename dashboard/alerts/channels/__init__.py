"""Channels: one file each, and one line here. A channel says that it delivered only when the other side said so.

Every channel's module has ``read(table)``, which makes the channel from its table of the channels file and notes every
mistake there.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from dashboard.alerts.channels.base import Channel
from sensors.toml_table import Table

#: Kind -> module.
MODULES: Mapping[str, str] = MappingProxyType(
    {
        "wecom": "dashboard.alerts.channels.wecom",
        "dingtalk": "dashboard.alerts.channels.dingtalk",
        "feishu": "dashboard.alerts.channels.feishu",
        "email": "dashboard.alerts.channels.email",
        "apprise": "dashboard.alerts.channels.longtail",
        "webhook": "dashboard.alerts.channels.webhook",
        "aliyun_sms": "dashboard.alerts.channels.aliyun_sms",
        "file": "dashboard.alerts.channels.file",
    }
)


def read_channel(table: Table) -> Channel | None:
    """The channel that a table of the channels file describes; None where its kind is none, which is noted."""
    kind = table.raw.get("kind")
    if not isinstance(kind, str) or kind not in MODULES:
        table.bad("kind", "one of " + ", ".join(MODULES))
        return None
    channel: Channel = import_module(MODULES[kind]).read(table)
    return channel
