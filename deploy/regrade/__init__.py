"""History regraded: ``riverchief regrade`` from files or a store, on the cores or a cluster; begin at `run`."""
