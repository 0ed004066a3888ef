"""The service at the river."""
