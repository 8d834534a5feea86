PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help setup demo test test-system lint types bench clean

help:
	@echo "make demo         set up, analyze, lock, install and verify examples/workflows"
	@echo "make test         set up and run the tests"
	@echo "make test-system  run what needs Docker or root, and say what was skipped"
	@echo "make lint types   ruff, mypy --strict"
	@echo "make bench        the figures in docs/benchmarks.md (installs the peers)"

$(STAMP): pyproject.toml requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "comfylock needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -e .
	@touch $@

# Compiled by hand because some machines forbid Python to keep bytecode (PYTHONDONTWRITEBYTECODE).
setup: $(STAMP)
	@$(BIN)/python -m compileall -q comfylock

demo: setup
	@echo '$$ comfylock analyze -C examples examples/workflows'
	@$(BIN)/comfylock analyze -C examples examples/workflows
	@echo
	@$(BIN)/python -m tests.services.demo

# With bytecode, which holds the tests' rewritten assertions too, the next run starts sooner.
test: setup
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -q -n auto

test-system: setup
	@$(BIN)/python -m pytest -q -m system -rs; code=$$?; \
	if [ $$code -eq 5 ]; then echo "nothing skipped: no test needs Docker or root yet"; else exit $$code; fi

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
