"""What services tell Prometheus."""
