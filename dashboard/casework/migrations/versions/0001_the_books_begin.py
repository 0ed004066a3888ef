"""The books begin."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("rivers", sa.JSON(), nullable=False),
        sa.Column("grids", sa.JSON(), nullable=False),
        sa.Column("contacts", sa.JSON(), nullable=False),
        sa.Column("oidc_subject", sa.String(length=200), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("oidc_subject", name="uq_account_oidc_subject"),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index("ix_account_department", ["department"], unique=False)
        batch_op.create_index("ix_account_role", ["role"], unique=False)

    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=True),
        sa.Column("station", sa.String(length=64), nullable=True),
        sa.Column("gateway", sa.String(length=64), nullable=True),
        sa.Column("grid", sa.String(length=64), nullable=True),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("order_number", sa.String(length=64), nullable=True),
        sa.Column("event", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("raised_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("missing_ms", sa.BigInteger(), nullable=True),
        sa.Column("cleared_ms", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_ms", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=200), nullable=True),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("escalate_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index("ix_alert_cleared_ms", ["cleared_ms"], unique=False)
        batch_op.create_index("ix_alert_department", ["department"], unique=False)
        batch_op.create_index("ix_alert_escalate_ms", ["escalate_ms"], unique=False)
        batch_op.create_index("ix_alert_event", ["event"], unique=False)
        batch_op.create_index("ix_alert_key", ["key"], unique=False)
        batch_op.create_index("ix_alert_kind", ["kind"], unique=False)
        batch_op.create_index("ix_alert_order_number", ["order_number"], unique=False)
        batch_op.create_index("ix_alert_raised_ms", ["raised_ms"], unique=False)
        batch_op.create_index("ix_alert_river", ["river"], unique=False)
        batch_op.create_index("ix_alert_station", ["station"], unique=False)

    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("added_by", sa.String(length=200), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
    )
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.create_index("ix_attachment_sha256", ["sha256"], unique=False)
        batch_op.create_index("ix_attachment_subject", ["subject", "subject_id"], unique=False)

    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=120), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_entry"),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entry_actor", ["actor"], unique=False)
        batch_op.create_index("ix_audit_entry_subject_id", ["subject_id"], unique=False)
        batch_op.create_index("ix_audit_entry_time_ms", ["time_ms"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.create_table(
        "boat",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_boat"),
    )
    with op.batch_alter_table("boat", schema=None) as batch_op:
        batch_op.create_index("ix_boat_river", ["river"], unique=False)

    op.create_table(
        "duty",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_duty"),
    )
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.create_index("ix_duty_department", ["department"], unique=False)

    op.create_table(
        "goal",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("term", sa.String(length=64), nullable=False),
        sa.Column("measure", sa.String(length=64), nullable=False),
        sa.Column("target", sa.Double(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_goal"),
    )
    op.create_table(
        "goal_progress",
        sa.Column("goal", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("goal", "day", name="pk_goal_progress"),
    )
    op.create_table(
        "inspection",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=False),
        sa.Column("grid", sa.String(length=64), nullable=True),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("inspector", sa.String(length=200), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_inspection"),
    )
    with op.batch_alter_table("inspection", schema=None) as batch_op:
        batch_op.create_index("ix_inspection_day", ["day"], unique=False)
        batch_op.create_index("ix_inspection_kind", ["kind"], unique=False)
        batch_op.create_index("ix_inspection_river", ["river"], unique=False)

    op.create_table(
        "leak_point",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=False),
        sa.Column("reach", sa.String(length=64), nullable=True),
        sa.Column("chainage_m", sa.Double(), nullable=True),
        sa.Column("shop", sa.String(length=64), nullable=True),
        sa.Column("outfall", sa.String(length=64), nullable=True),
        sa.Column("pipe", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("found_by", sa.String(length=200), nullable=False),
        sa.Column("rectified_on", sa.Date(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_leak_point"),
    )
    with op.batch_alter_table("leak_point", schema=None) as batch_op:
        batch_op.create_index("ix_leak_point_department", ["department"], unique=False)
        batch_op.create_index("ix_leak_point_outfall", ["outfall"], unique=False)
        batch_op.create_index("ix_leak_point_river", ["river"], unique=False)
        batch_op.create_index("ix_leak_point_shop", ["shop"], unique=False)
        batch_op.create_index("ix_leak_point_state", ["state"], unique=False)

    op.create_table(
        "list_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("colour", sa.String(length=64), nullable=True),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("published_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_list_entry"),
        sa.UniqueConstraint("month", "scope", "subject", name="uq_list_entry_month_scope_subject"),
    )
    with op.batch_alter_table("list_entry", schema=None) as batch_op:
        batch_op.create_index("ix_list_entry_month", ["month"], unique=False)

    op.create_table(
        "login_failure",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_login_failure"),
    )
    op.create_table(
        "outfall",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=False),
        sa.Column("reach", sa.String(length=64), nullable=True),
        sa.Column("chainage_m", sa.Double(), nullable=True),
        sa.Column("bank", sa.String(length=64), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("surveyed_on", sa.Date(), nullable=True),
        sa.Column("surveyed_by", sa.String(length=200), nullable=False),
        sa.Column("flows_in_dry_weather", sa.Boolean(), nullable=True),
        sa.Column("sampled_on", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("rectification", sa.String(length=64), nullable=True),
        sa.Column("rectified_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outfall"),
        sa.UniqueConstraint("code", name="uq_outfall_code"),
    )
    with op.batch_alter_table("outfall", schema=None) as batch_op:
        batch_op.create_index("ix_outfall_department", ["department"], unique=False)
        batch_op.create_index("ix_outfall_river", ["river"], unique=False)
        batch_op.create_index("ix_outfall_stage", ["stage"], unique=False)

    op.create_table(
        "patrol",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=False),
        sa.Column("segment", sa.String(length=200), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("begin_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=True),
        sa.Column("length_m", sa.Double(), nullable=True),
        sa.Column("path", sa.JSON(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_patrol"),
    )
    with op.batch_alter_table("patrol", schema=None) as batch_op:
        batch_op.create_index("ix_patrol_begin_ms", ["begin_ms"], unique=False)
        batch_op.create_index("ix_patrol_river", ["river"], unique=False)

    op.create_table(
        "pipe",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("road", sa.String(length=200), nullable=False),
        sa.Column("from_node", sa.String(length=200), nullable=False),
        sa.Column("to_node", sa.String(length=200), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=True),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("length_m", sa.Double(), nullable=False),
        sa.Column("diameter_mm", sa.Double(), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("inspected_on", sa.Date(), nullable=True),
        sa.Column("defects", sa.Text(), nullable=False),
        sa.Column("dredged_on", sa.Date(), nullable=True),
        sa.Column("repaired_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pipe"),
    )
    with op.batch_alter_table("pipe", schema=None) as batch_op:
        batch_op.create_index("ix_pipe_river", ["river"], unique=False)
        batch_op.create_index("ix_pipe_state", ["state"], unique=False)

    op.create_table(
        "public_report",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=200), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("order_number", sa.String(length=64), nullable=True),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_public_report"),
    )
    with op.batch_alter_table("public_report", schema=None) as batch_op:
        batch_op.create_index("ix_public_report_order_number", ["order_number"], unique=False)
        batch_op.create_index("ix_public_report_received_ms", ["received_ms"], unique=False)
        batch_op.create_index("ix_public_report_river", ["river"], unique=False)

    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("determinand", sa.String(length=64), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sa.UniqueConstraint("station", "determinand", "start_ms", name="uq_review_station_determinand_start_ms"),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index("ix_review_open", ["decision", "start_ms"], unique=False)
        batch_op.create_index("ix_review_station", ["station"], unique=False)

    op.create_table(
        "river_policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=False),
        sa.Column("list", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_river_policy"),
        sa.UniqueConstraint("river", "list", "position", name="uq_river_policy_river_list_position"),
    )
    with op.batch_alter_table("river_policy", schema=None) as batch_op:
        batch_op.create_index("ix_river_policy_river", ["river"], unique=False)

    op.create_table(
        "river_work",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=False),
        sa.Column("reach", sa.String(length=64), nullable=True),
        sa.Column("chainage_m", sa.Double(), nullable=True),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("blocks_flow", sa.Boolean(), nullable=True),
        sa.Column("permit", sa.String(length=200), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_river_work"),
    )
    with op.batch_alter_table("river_work", schema=None) as batch_op:
        batch_op.create_index("ix_river_work_river", ["river"], unique=False)
        batch_op.create_index("ix_river_work_state", ["state"], unique=False)

    op.create_table(
        "sample",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("taken_ms", sa.BigInteger(), nullable=False),
        sa.Column("laboratory", sa.String(length=200), nullable=False),
        sa.Column("taken_by", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sample"),
    )
    with op.batch_alter_table("sample", schema=None) as batch_op:
        batch_op.create_index("ix_sample_station", ["station"], unique=False)
        batch_op.create_index("ix_sample_taken_ms", ["taken_ms"], unique=False)

    op.create_table(
        "sediment_clearing",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=False),
        sa.Column("reach", sa.String(length=64), nullable=False),
        sa.Column("from_m", sa.Double(), nullable=False),
        sa.Column("to_m", sa.Double(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("begun_on", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("volume_m3", sa.Double(), nullable=True),
        sa.Column("thickness_cm", sa.Double(), nullable=True),
        sa.Column("contractor", sa.String(length=200), nullable=False),
        sa.Column("disposal", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sediment_clearing"),
    )
    with op.batch_alter_table("sediment_clearing", schema=None) as batch_op:
        batch_op.create_index("ix_sediment_clearing_river", ["river"], unique=False)

    op.create_table(
        "sequence",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sequence"),
    )
    op.create_table(
        "shop",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("trade", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=False),
        sa.Column("grid", sa.String(length=64), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("outfall", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("surveyed_on", sa.Date(), nullable=True),
        sa.Column("surveyed_by", sa.String(length=200), nullable=False),
        sa.Column("sewer_connected", sa.Boolean(), nullable=True),
        sa.Column("grease_trap", sa.Boolean(), nullable=True),
        sa.Column("permit", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shop"),
    )
    with op.batch_alter_table("shop", schema=None) as batch_op:
        batch_op.create_index("ix_shop_grid", ["grid"], unique=False)
        batch_op.create_index("ix_shop_river", ["river"], unique=False)
        batch_op.create_index("ix_shop_state", ["state"], unique=False)

    op.create_table(
        "station_visit",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=True),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_station_visit"),
    )
    with op.batch_alter_table("station_visit", schema=None) as batch_op:
        batch_op.create_index("ix_station_visit_start_ms", ["start_ms"], unique=False)
        batch_op.create_index("ix_station_visit_station", ["station"], unique=False)

    op.create_table(
        "structure",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=False),
        sa.Column("grid", sa.String(length=64), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_structure"),
    )
    with op.batch_alter_table("structure", schema=None) as batch_op:
        batch_op.create_index("ix_structure_river", ["river"], unique=False)
        batch_op.create_index("ix_structure_state", ["state"], unique=False)

    op.create_table(
        "token",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("alerts", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name="pk_token"),
    )
    op.create_table(
        "work_order",
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("urgency", sa.String(length=64), nullable=False),
        sa.Column("river", sa.String(length=64), nullable=True),
        sa.Column("reach", sa.String(length=64), nullable=True),
        sa.Column("grid", sa.String(length=64), nullable=True),
        sa.Column("outfall", sa.String(length=64), nullable=True),
        sa.Column("event", sa.String(length=64), nullable=True),
        sa.Column("case_key", sa.String(length=200), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("registered_ms", sa.BigInteger(), nullable=True),
        sa.Column("assigned_ms", sa.BigInteger(), nullable=True),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("archived_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_ms", sa.BigInteger(), nullable=True),
        sa.Column("office_due_ms", sa.BigInteger(), nullable=True),
        sa.Column("watch_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_ms", sa.BigInteger(), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_work_order"),
        sa.UniqueConstraint("code", name="uq_work_order_code"),
    )
    with op.batch_alter_table("work_order", schema=None) as batch_op:
        batch_op.create_index("ix_work_order_case_key", ["case_key"], unique=False)
        batch_op.create_index("ix_work_order_created_ms", ["created_ms"], unique=False)
        batch_op.create_index("ix_work_order_due_ms", ["due_ms"], unique=False)
        batch_op.create_index("ix_work_order_event", ["event"], unique=False)
        batch_op.create_index("ix_work_order_office_due_ms", ["office_due_ms"], unique=False)
        batch_op.create_index("ix_work_order_outfall", ["outfall"], unique=False)
        batch_op.create_index("ix_work_order_river", ["river"], unique=False)
        batch_op.create_index("ix_work_order_river_created", ["river", "created_ms"], unique=False)
        batch_op.create_index("ix_work_order_state", ["state"], unique=False)
        batch_op.create_index("ix_work_order_state_created", ["state", "created_ms"], unique=False)
        batch_op.create_index("ix_work_order_watch_until_ms", ["watch_until_ms"], unique=False)

    op.create_table(
        "calibration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.String(length=64), nullable=False),
        sa.Column("determinand", sa.String(length=64), nullable=False),
        sa.Column("standard", sa.Double(), nullable=False),
        sa.Column("before", sa.Double(), nullable=True),
        sa.Column("after", sa.Double(), nullable=True),
        sa.Column("tolerance", sa.Double(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["visit_id"], ["station_visit.id"], name="fk_calibration_visit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_calibration"),
    )
    with op.batch_alter_table("calibration", schema=None) as batch_op:
        batch_op.create_index("ix_calibration_next_due_on", ["next_due_on"], unique=False)
        batch_op.create_index("ix_calibration_visit_id", ["visit_id"], unique=False)

    op.create_table(
        "event_link",
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("order_number", sa.String(length=64), nullable=False),
        sa.Column("joined_ms", sa.BigInteger(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["order_number"], ["work_order.number"], name="fk_event_link_order_number"),
        sa.PrimaryKeyConstraint("event", name="pk_event_link"),
    )
    with op.batch_alter_table("event_link", schema=None) as batch_op:
        batch_op.create_index("ix_event_link_order_number", ["order_number"], unique=False)

    op.create_table(
        "finding",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("order_number", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspection.id"], name="fk_finding_inspection_id"),
        sa.PrimaryKeyConstraint("id", name="pk_finding"),
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index("ix_finding_inspection_id", ["inspection_id"], unique=False)
        batch_op.create_index("ix_finding_order_number", ["order_number"], unique=False)

    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_message_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint(
            "alert_id", "account", "channel", "reason", name="uq_message_alert_id_account_channel_reason"
        ),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_alert_id", ["alert_id"], unique=False)
        batch_op.create_index("ix_message_due", ["state", "due_ms"], unique=False)

    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("order_number", sa.String(length=64), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.Column("issued_by", sa.String(length=200), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["order_number"], ["work_order.number"], name="fk_notice_order_number"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.UniqueConstraint("number", name="uq_notice_number"),
        sa.UniqueConstraint("series", "sequence", name="uq_notice_series_sequence"),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_order_number", ["order_number"], unique=False)

    op.create_table(
        "order_part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_number", sa.String(length=64), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_number"], ["work_order.number"], name="fk_order_part_order_number"),
        sa.PrimaryKeyConstraint("id", name="pk_order_part"),
        sa.UniqueConstraint("order_number", "department", name="uq_order_part_order_number_department"),
    )
    with op.batch_alter_table("order_part", schema=None) as batch_op:
        batch_op.create_index("ix_order_part_department", ["department"], unique=False)
        batch_op.create_index("ix_order_part_order_number", ["order_number"], unique=False)

    op.create_table(
        "order_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_number", sa.String(length=64), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("from_state", sa.String(length=64), nullable=True),
        sa.Column("to_state", sa.String(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["answers"], ["order_step.id"], name="fk_order_step_answers"),
        sa.ForeignKeyConstraint(["order_number"], ["work_order.number"], name="fk_order_step_order_number"),
        sa.PrimaryKeyConstraint("id", name="pk_order_step"),
    )
    with op.batch_alter_table("order_step", schema=None) as batch_op:
        batch_op.create_index("ix_order_step_order_number", ["order_number"], unique=False)

    op.create_table(
        "patrol_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patrol_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("outfall", sa.String(length=64), nullable=True),
        sa.Column("order_number", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["patrol_id"], ["patrol.id"], name="fk_patrol_record_patrol_id"),
        sa.PrimaryKeyConstraint("id", name="pk_patrol_record"),
        sa.UniqueConstraint("patrol_id", "position", name="uq_patrol_record_patrol_id_position"),
    )
    with op.batch_alter_table("patrol_record", schema=None) as batch_op:
        batch_op.create_index("ix_patrol_record_order_number", ["order_number"], unique=False)
        batch_op.create_index("ix_patrol_record_patrol_id", ["patrol_id"], unique=False)

    op.create_table(
        "sample_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sample_id", sa.String(length=64), nullable=False),
        sa.Column("determinand", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.String(length=200), nullable=False),
        sa.Column("method", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.id"], name="fk_sample_result_sample_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sample_result"),
        sa.UniqueConstraint("sample_id", "determinand", name="uq_sample_result_sample_id_determinand"),
    )
    with op.batch_alter_table("sample_result", schema=None) as batch_op:
        batch_op.create_index("ix_sample_result_sample_id", ["sample_id"], unique=False)

    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_attempt_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_message_id", ["message_id"], unique=False)

    op.execute("INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '" + "0" * 64 + "')")
