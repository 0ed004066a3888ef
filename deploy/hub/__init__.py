"""The service in the middle: takes readings into the store and judges them every few seconds."""
