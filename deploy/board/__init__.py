"""The process that serves the board: Streamlit's pages, signing in, headers, health."""
