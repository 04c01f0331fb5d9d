# The tasks of the project; CI calls the same names. Each makes .venv first when it is missing or out of date.

BIN := .venv/bin
READY := .venv/.ready

.PHONY: help setup fmt lint types test test-slow bench bench-compare bench-save proto docs-check lock demo check clean

help:  ## List the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

setup: $(READY)  ## Make .venv with everything the project needs

$(READY): pyproject.toml requirements/runtime.lock requirements/dev.lock
	@scripts/setup.sh

fmt: $(READY)  ## Format the code and apply the safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: $(READY)  ## Style, spelling, import layers and proto files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/lint_protos.py

types: $(READY)  ## Type check
	$(BIN)/mypy

test: lint types  ## Everything a change must pass: lint, types and the tests that are not slow
	$(BIN)/pytest -n 2 -m "not slow"

test-slow: $(READY)  ## The slow tests
	$(BIN)/pytest -n 2 -m slow

bench: $(READY)  ## Every benchmark into benchmarks/results, a quarter of an hour (ONLY="peers promises": these)
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

bench-compare: $(READY)  ## The hot functions beside the baseline of this kind of machine
	$(BIN)/python -m benchmarks.hot --compare

bench-save: $(READY)  ## Measure the hot functions and keep the figures as that baseline
	$(BIN)/python -m benchmarks.hot --save

proto: $(READY)  ## Regenerate src/sourcier/v1 from the proto files
	$(BIN)/python scripts/gen_protos.py

docs-check: $(READY)  ## Links of the documents lead somewhere
	$(BIN)/python scripts/check_docs.py

lock: $(READY)  ## Resolve pyproject.toml into the lock files (UPGRADE=1: newest of everything)
	scripts/lock.sh $(if $(UPGRADE),--upgrade)

demo: $(READY)  ## See Sourcier at work on a made-up retailer
	@$(BIN)/sourcier demo

check: docs-check test test-slow  ## All of it

clean:  ## Remove .venv, caches and build output
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage build dist
