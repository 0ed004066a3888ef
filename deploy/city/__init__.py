"""Live analytics of many sites on Kafka: a bridge for each site, and workers that watch all of them."""
