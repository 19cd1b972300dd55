"""Brands, and queries tried before they are anybody's."""
