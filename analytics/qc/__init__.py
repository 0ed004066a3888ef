"""Quality control of readings: which probe lies.

Begin reading at `control.py`; `docs/quality.md` says what each test means and where its limits come from.
"""

from analytics.qc.config import Channel, Configuration, default_configuration

__all__ = ["Channel", "Configuration", "default_configuration"]
