"""Quality control, detection and attribution on what the store takes in, tick by tick."""
