"""Forward migrations of the books, from every released form to the present one (Alembic)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def configuration() -> Config:
    """Alembic's configuration, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(engine: Engine) -> None:
    """Bring the tables up to date; harmless where they are."""
    config = configuration()
    with engine.execution_options(changing=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
