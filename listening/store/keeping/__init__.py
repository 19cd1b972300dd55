"""What goes and what stays: erasing, retention, pruning, the store's own size."""
