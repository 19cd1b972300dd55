"""What is told to whom: the outbox, channels, deliveries, alarms."""
