# Every target makes what it needs, without root; `make e2e` and `make test-servers` may want packages.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ONCE ?=
TESTED ?=
# One command that both finds the lines that run and runs the tests of every subprocess under it.
PYTEST := $(BIN)/python -m pytest

.PHONY: help demo test test-all test-servers e2e lint types contracts format coverage lock soak benchmark overhead clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/demo ## Run a small shop and print the story of each request (ONCE=1: check them and end)
	$(BIN)/python examples/shop/demo.py $(if $(ONCE),--once)

test: $(VENV)/dev ## Run every test that needs no other server
	$(PYTEST)

test-all: ## Run the tests on every Python from 3.10 to 3.13; all four must be there
	$(PYTHON) scripts/test_all.py $(TESTED)

test-servers: $(VENV)/dev ## Run the tests against real PostgreSQL and Redis (installs them as root)
	$(BIN)/python -m tests.servers.install
	$(PYTEST) tests/servers

e2e: $(VENV)/dev ## Build the real collector and backends, and run the tests against them
	$(BIN)/python -m tests.e2e.build
	$(PYTEST) -s tests/e2e

lint: $(VENV)/dev ## Look for faults and form
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev ## Check the types of source and tests
	$(BIN)/mypy

contracts: $(VENV)/dev ## Check that imports point one way
	$(BIN)/lint-imports --no-cache

format: $(VENV)/dev ## Put the code into form
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

coverage: $(VENV)/dev ## Run the tests and show which lines and branches they miss
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --fail-under=95

lock: $(VENV)/dev ## Choose the newest versions of everything again
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.10 --no-emit-index-url \
	  --no-annotate --all-extras --group dev --group demo pyproject.toml -o requirements.lock \
	  --custom-compile-command "make lock"

soak: $(VENV)/dev ## Run the long tests: many rounds of load, restarts and garbage
	OBSKIT_SOAK_ROUNDS=$${OBSKIT_SOAK_ROUNDS:-200} $(PYTEST) tests/soak

benchmark: $(VENV)/dev ## Measure what importing obskit costs, as a ratio
	$(BIN)/python -m benchmarks.importing

overhead: $(VENV)/dev ## Measure what a request costs, beside obskit's peers (ten minutes)
	$(BIN)/python -m benchmarks.encoding
	$(BIN)/python -m benchmarks.overhead

clean: ## Remove what was made here
	rm -rf $(VENV) .venvs .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/base: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "$(PYTHON) is older than Python 3.10: make PYTHON=python3.11 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check $$(grep -E '^uv==' requirements.lock)
	@touch $@

$(VENV)/demo: $(VENV)/base pyproject.toml
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install -q -c requirements.lock -e '.[cli,flask,sentry]' --group demo
	@touch $@

$(VENV)/dev: $(VENV)/base pyproject.toml
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install -q -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install -q --no-deps -e .
	@touch $@
