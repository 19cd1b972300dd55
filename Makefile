# Two commands do everything on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help install demo test check unit bench client pictures docs system-packages bluesky clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

install: $(VENV)/.installed ## Make .venv and install the product

# torch first and by version: a build that is on disk (CPU) is then taken before a larger one.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt torch==2.13.0
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/.installed ## Run the main job on the bundled sample (or FILE=mentions.csv) and show the result
	$(BIN)/listening demo $(if $(FILE),--file "$(FILE)")

test: $(VENV)/.installed-dev system-packages bluesky client check unit ## Install what tests need and run them all

check: $(VENV)/.installed-dev ## Lint, types, layers, secrets, packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tests.supply

unit: $(VENV)/.installed-dev ## The tests alone
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 20

# PostgreSQL and Chromium for the tests that need them: installed where this user may,
# skipped with a reason elsewhere (a failure with CI=true).
system-packages:
	@sh tests/system_packages.sh

# Bluesky's own servers, for the tests that talk to them.
bluesky:
	@PYTHON=$(PYTHON) sh tests/functional/bluesky/install.sh

bench: $(VENV)/.installed-dev ## Benchmarks; DATA=folder of the public data sets
	$(BIN)/python -m tests.benchmarks $(if $(DATA),--data $(DATA))

client: $(VENV)/.installed ## A typed client of the API, into build/client
	@PYTHON=$(PYTHON) sh tests/functional/client/generate.sh

pictures: $(VENV)/.installed-dev ## The pages as pictures into docs/pages, of what `make demo` made
	$(BIN)/python -m tests.functional.picturing data/demo docs/pages

docs: $(VENV)/.installed ## Write docs/sources.md anew from the sources
	$(BIN)/python -m listening.sources.page > docs/sources.md

clean: ## Remove what can be made again (not the data folder)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info build dist
