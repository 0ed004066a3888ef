"""Virtual rivers and the probes in them, as pure functions of a seed and of time."""
