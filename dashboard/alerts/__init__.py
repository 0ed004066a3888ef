"""Alerts: from what is wrong to the people who must know, told at least once and never in a storm."""
