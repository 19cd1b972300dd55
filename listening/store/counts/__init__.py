"""What brands' pages count: kept by day, read by window."""
