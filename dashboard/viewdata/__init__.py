"""What the pages show, as plain data: one module or several for each view of `dashboard.views`, no Streamlit."""
