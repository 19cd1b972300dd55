"""Where posts come from: one shape for what every source delivers."""

from listening.sources.base import PostKind, RawPost

__all__ = ["PostKind", "RawPost"]
