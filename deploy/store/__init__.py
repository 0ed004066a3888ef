"""Commands on the store of readings and on what lies in quarantine."""
