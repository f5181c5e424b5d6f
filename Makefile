# Everyday commands. "make" alone lists them.
PYTHON ?= python
BENCHMARK ?= planning
ARGS ?=
REVISION ?= HEAD

NOTEBOOKS ?=

.PHONY: help install fix test typecheck docs notebooks bench same ci

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 12

install:  ## install this checkout with everything that development needs, and the commit hooks
	$(PYTHON) -m pip install -c constraints.txt -e '.[dev]'
	$(PYTHON) -m pre_commit install

fix:  ## format the code and fix what ruff can fix
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

test:  ## run all tests and doctests in two processes
	$(PYTHON) -m pytest -n 2

typecheck:  ## check types and the direction of imports
	$(PYTHON) -m mypy
	lint-imports --no-logo

docs:  ## draw docs/architecture.svg from the imports
	$(PYTHON) docs/draw_architecture.py

notebooks:  ## execute the notebooks and write their outputs: make notebooks NOTEBOOKS=quickstart
	$(PYTHON) notebooks/run.py $(NOTEBOOKS)

bench:  ## run a benchmark: make bench BENCHMARK=planning ARGS="--items 1000000"
	$(PYTHON) benchmarks/$(BENCHMARK).py $(ARGS)

same:  ## compare results with another revision, bit by bit: make same REVISION=main
	$(PYTHON) benchmarks/same_results.py $(REVISION)

ci:  ## what the CI runs, in a fresh environment
	PYTHON=$(PYTHON) .ci/run
