"""Names under which hub processes leave word in the store: read by whoever watches them, without loading a hub."""

from __future__ import annotations

#: What a hub process says of itself, followed by its label; see `deploy.hub.state`.
STATE = "hub.state/"
