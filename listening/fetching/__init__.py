"""The network as sources use it: addresses checked, pace kept, limits and failures told."""
