"""The SQL store: tables, the session (the only commit), and a package of queries for each noun.

What each package is of stands in the first line of its `__init__.py`.
"""
