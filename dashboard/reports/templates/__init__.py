"""The page that a report is printed from."""
