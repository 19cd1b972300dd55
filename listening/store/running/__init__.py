"""What processes keep for each other: jobs, leases, presence, counters, health."""
