"""Measured by hand, never asserted: `make bench DATA=folder`."""
