"""The service of the office, and the commands on the books: alerts, orders, reports, accounts, audit."""
