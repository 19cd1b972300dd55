"""The SQL store: tables, the session (the only commit), one query file per noun."""
