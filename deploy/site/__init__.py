"""Commands on site folders: check, copy, import, and the slice that a gateway is given."""
