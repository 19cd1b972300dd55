"""Mentions of brands: written, found, and what people say is so of them."""
