"""The domain: what was said, by whom, where, and what it means for a brand."""
