"""The virtual Modbus fleet: real servers on loopback that answer as probes do, faults included."""
