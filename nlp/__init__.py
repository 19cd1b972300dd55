"""Text and arrays in, arrays out: no database, no network, no queue."""
