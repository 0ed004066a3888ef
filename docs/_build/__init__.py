"""What makes the documentation's site out of `docs/`, the project's own pages and the code."""
