"""Moving readings from the probe to the store without loss; no judgement."""
