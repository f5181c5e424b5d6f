# Everyday commands. "make" alone lists them.
PYTHON ?= python
BENCHMARK ?= planning
ARGS ?=
REVISION ?= HEAD

NOTEBOOKS ?=

.PHONY: help install fix test coverage typecheck docs notebooks figures architecture bench same ci

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 14

install:  ## install this checkout with everything that development needs, and the commit hooks
	$(PYTHON) -m pip install -c constraints.txt -e '.[dev]'
	$(PYTHON) -m pre_commit install

fix:  ## format the code and fix what ruff can fix
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

test:  ## run all tests and doctests in two processes
	$(PYTHON) -m pytest -n 2

coverage:  ## run all tests with the coverage of each file, which takes half as long again
	$(PYTHON) -m pytest -n 2 --cov=pyterrier_hybrid --cov-report=term

typecheck:  ## check types and the direction of imports
	$(PYTHON) -m mypy
	lint-imports --no-logo

docs:  ## build the documentation as a site in build/docs/html; any warning is an error
	$(PYTHON) -m sphinx -W --keep-going -q -c docs -d build/docs/doctrees pyterrier_hybrid/pt_docs build/docs/html

figures:  ## draw the figures of the documentation anew
	$(PYTHON) docs/draw_figures.py

architecture:  ## draw docs/architecture.svg from the imports
	$(PYTHON) docs/draw_architecture.py

notebooks:  ## execute the notebooks and write their outputs: make notebooks NOTEBOOKS=quickstart
	$(PYTHON) notebooks/run.py $(NOTEBOOKS)

bench:  ## run a benchmark: make bench BENCHMARK=planning ARGS="--items 1000000"
	$(PYTHON) benchmarks/$(BENCHMARK).py $(ARGS)

same:  ## compare results with another revision, bit by bit: make same REVISION=main
	$(PYTHON) benchmarks/same_results.py $(REVISION)

ci:  ## what the CI runs, in a fresh environment
	PYTHON=$(PYTHON) .ci/run
