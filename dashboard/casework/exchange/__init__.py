"""The books as tables: import from and export to CSV and Excel, and the check of what comes back."""
