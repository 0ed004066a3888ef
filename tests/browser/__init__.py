"""The whole board in a real browser: each role's main path, every page looked at, every page kept as a picture."""
