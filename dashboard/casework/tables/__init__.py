"""Every table of the books, by theme. Importing this module makes them known to `dashboard.casework.base.Base`."""

from dashboard.casework import audit
from dashboard.casework.tables import accounts, alerts, files, goals, inspections, orders, stations, survey, works

__all__ = ["accounts", "alerts", "audit", "files", "goals", "inspections", "orders", "stations", "survey", "works"]
