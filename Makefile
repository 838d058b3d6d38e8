# Every target makes what it needs, without root; `make e2e` and `make test-servers` may want packages.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ONCE ?=
NAME ?=
SLICE ?=
BREAK ?= 1
, := ,
# Hundreds of tests start Python: it must keep what it has compiled.
unexport PYTHONDONTWRITEBYTECODE

# One command that both finds the lines that run and runs the tests of every subprocess under it.
# What failed last is kept by environment, or where it is said: several run at once.
KEPT ?= $(VENV)/pytest_cache
PYTEST := $(BIN)/python -m pytest -o cache_dir=$(KEPT)
# uWSGI is built in uv's cache, over what was built there for another Python: each has a cache of its own.
# What is in it is taken without asking: asked again, some indexes make uv build uWSGI anew.
uv = VIRTUAL_ENV=$(VENV) UV_CACHE_DIR="$${XDG_CACHE_HOME:-$$HOME/.cache}/obskit/uv-$$($(BIN)/python \
  -c 'import sys; print(*sys.version_info[:2], sep=".")')" $(BIN)/uv pip install -q
install = $(uv) --offline $(1) 2>/dev/null || $(uv) $(1)

.PHONY: help demo example examples tools test test-all test-servers browser pictures backends e2e scale lint types contracts format coverage lock soak benchmark gate overhead clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/demo ## Run a small shop and print the story of each request (ONCE=1: check them and end)
	$(BIN)/python examples/shop/demo.py $(if $(ONCE),--once)

example: $(VENV)/dev ## Run an example: NAME=volunteers, quests, academy, pipeline or warehouse
	PATH="$(abspath $(BIN)):$$PATH" examples/$(NAME)/start

test: $(VENV)/dev ## Run every test that needs no other server
	$(PYTEST)

test-all: ## Run the tests on every Python from 3.10 to 3.13; all four must be there
	$(PYTHON) scripts/test_all.py

tools: ## Install the programs that some tests ask, and skip without (as root)
	$(PYTHON) -m tests.servers.install prometheus prometheus-alertmanager logrotate tmux \
	  chromium chromium-driver

test-servers: $(VENV)/dev ## Run the tests against real PostgreSQL and Redis (installs them as root)
	$(BIN)/python -m tests.servers.install postgresql redis-server
	$(PYTEST) tests/servers

examples: $(VENV)/dev ## Break each thing that the examples watch, and see it told (as root; NAME=one, BREAK=0)
	$(BIN)/python -m tests.servers.install postgresql redis-server nginx-light logrotate prometheus \
	  prometheus-alertmanager chromium chromium-driver
	BREAK=$(BREAK) $(BIN)/python -m scripts.examples $(NAME)

browser: $(VENV)/dev ## Use the pages in a real browser, light, dark and on a phone (installs it as root)
	$(BIN)/python -m tests.servers.install chromium
	$(PYTEST) tests/pages

pictures: $(VENV)/dev ## Make the pictures of docs/pictures anew (installs the browser as root)
	$(BIN)/python -m tests.servers.install chromium
	$(BIN)/python -m scripts.pictures

backends: $(VENV)/dev ## Build the real collector and backends, unless they are kept (installs packages as root)
	$(BIN)/python -m tests.e2e.build

e2e: backends ## Run the tests against the real collector and backends
	$(PYTEST) -s tests/e2e

scale: backends ## Load a fleet of agents, Kafka and gateways, and kill each part of it (15 minutes; SLICE=1: 3)
	$(PYTEST) -s tests/scale $(if $(SLICE),-k "steady or killed")

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

benchmark: $(VENV)/dev ## Measure what importing obskit costs, as a ratio of processor time
	$(BIN)/python -m benchmarks.importing

gate: $(VENV)/dev ## Hold what obskit costs against what is recorded (installs valgrind as root)
	$(BIN)/python -m tests.servers.install valgrind
	$(BIN)/python -m benchmarks.gate

overhead: $(VENV)/dev ## Measure what a request costs, beside peers and while the collector fails (20 minutes)
	$(BIN)/python -m benchmarks.encoding
	$(BIN)/python -m benchmarks.overhead
	$(BIN)/python -m benchmarks.checks
	$(BIN)/python -m benchmarks.faults

clean: ## Remove what was made here
	rm -rf $(VENV) .venvs .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/base: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "$(PYTHON) is older than Python 3.10: make PYTHON=python3.11 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check $$(grep -E '^uv==' requirements.lock)
	@touch $@

$(VENV)/demo: $(VENV)/base pyproject.toml
	$(call install,-c requirements.lock -e '.[cli$(,)flask$(,)sentry]' --group demo)
	@touch $@

$(VENV)/dev: $(VENV)/base pyproject.toml
	$(call install,-r requirements.lock)
	$(call install,--no-deps -e .)
	@touch $@
