"""`python -m api.cli`: the same as `listening`, with whatever interpreter runs it."""

from api.cli.main import main

main()
