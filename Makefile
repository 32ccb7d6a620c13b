# Everything runs in .venv, which is made on first use and reused afterwards.
# Needs Python 3.11+ with pip and venv; nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --quiet --no-input

.PHONY: demo test soak check format lock generate wheel clean

demo: $(VENV)/.runtime
	@$(BIN)/airbyte-mcp-server demo $(DEMO_ARGS)

test: $(VENV)/.dev check
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not ci and not soak" $(TEST_ARGS)

# Long runs: the sandbox's life in random steps, by hand.
soak: $(VENV)/.dev
	@$(BIN)/python -m pytest -m soak -n 0 --timeout 3600 $(TEST_ARGS)

check: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(BIN)/pyright
	@$(BIN)/python scripts/generate.py --check

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Writes every generated file: the synchronous client, the tool catalogue, the README's tables.
generate: $(VENV)/.dev
	@$(BIN)/python scripts/generate.py

# Needs uv (pip install uv); the lock files it writes need only pip.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group editable -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group editable --group dev -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra metrics --extra postgres --extra telemetry -o deploy/requirements.lock

wheel: $(VENV)/.dev
	@$(BIN)/python -m build --no-isolation --outdir dist .

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("airbyte-mcp-server needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (first run: about a minute) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "Installing the development tools (first run: about a minute) ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf $(VENV) dist artefacts .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
