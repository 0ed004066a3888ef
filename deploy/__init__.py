"""Running it: the `riverchief` command, the services, and the whole system on one machine."""
