"""What can go wrong with models and arrays; `listening` has its own ancestor."""

from __future__ import annotations


class ModelError(Exception):
    """A model file is missing, corrupt or not the one the manifest names."""
