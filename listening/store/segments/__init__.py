"""Runs, segments, who is in them, where they come from, and what people decide of them."""
