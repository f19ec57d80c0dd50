# Two commands set everything up on a machine with python3 (3.11 or later), pip and make:
#   make test    checks and tests (less than five minutes on two cores)
#   make fuzz    a campaign of one minute against Assay's own compiler
PYTHON  ?= python3
VENV    ?= .venv
BIN     := $(VENV)/bin
JOBS    ?= 2
SECONDS ?= 60
FUZZ    ?=
SUITE   ?= $(or $(ASSAY_SUITES),../shared/suites)/stablehlo

.DEFAULT_GOAL := help
.PHONY: help setup test lint types pytest test-slow fuzz prove mutate conform gate format wheel clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# One stamp for each set of requirements, so that a second run installs nothing.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Assay needs Python 3.11 or later; set one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,xla]'
	@touch $@ $(VENV)/.run

setup: $(VENV)/.dev  ## create .venv with everything that the tests need

test: lint types pytest  ## lint, types and all fast tests

lint: $(VENV)/.dev  ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev  ## mypy --strict on compiler and verify
	$(BIN)/mypy

pytest: $(VENV)/.dev  ## the fast tests
	$(BIN)/python -m pytest -n $(JOBS)

test-slow: $(VENV)/.dev  ## the long tests
	$(BIN)/python -m pytest -n $(JOBS) -m slow

fuzz: $(VENV)/.run  ## a campaign; SECONDS=600 and FUZZ="-O 2 --seed 7" change it
	$(BIN)/assay fuzz --seconds $(SECONDS) --jobs $(JOBS) $(FUZZ)

prove: $(VENV)/.run  ## every rewrite rule through Z3
	$(BIN)/assay prove

mutate: $(VENV)/.run  ## switch each fault on and count those found (long)
	$(BIN)/assay mutate --jobs $(JOBS)

conform: $(VENV)/.dev  ## StableHLO's own tests; SUITE=FOLDER (default: stablehlo in $ASSAY_SUITES)
	$(BIN)/assay conform $(SUITE) --jobs $(JOBS)

gate: $(VENV)/.run  ## what a pull request must pass: proofs, corpus, fuzz budget
	$(BIN)/assay gate --seconds $(SECONDS) --jobs $(JOBS)

format: $(VENV)/.dev  ## mend format and simple lint
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

wheel: $(VENV)/.dev  ## build dist/assay-*.whl
	$(BIN)/python -m hatchling build -t wheel

clean:  ## remove the environment and everything generated
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .assay
