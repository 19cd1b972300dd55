"""Digests and when they are due."""
