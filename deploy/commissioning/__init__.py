"""A probe's first day: found on a wire, read, compared with a reference, recorded."""
