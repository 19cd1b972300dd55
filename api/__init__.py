"""The ways in: command line, pages, HTTP."""
