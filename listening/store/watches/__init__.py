"""What is listened for and how it goes: watches, sweeps, rejected rows, credentials."""
