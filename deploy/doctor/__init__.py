"""Is this installation whole? What `riverchief doctor` and `riverchief upgrade-check` look at."""
