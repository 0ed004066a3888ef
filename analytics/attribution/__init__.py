"""From an event to the outfalls that may have caused it (溯源): transport, ranking, where to measure more."""
