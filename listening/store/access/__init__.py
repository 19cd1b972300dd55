"""Who may sign in and do what, what they did, and what they keep for themselves."""
