"""The whole system on one machine, as processes under one supervisor."""
