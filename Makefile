# make run   install and start the app        make test   install and run every test
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run test lint format benchmark-solver clean

run: $(VENV)/installed
	$(BIN)/streamlit run app.py

test: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m pytest

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark-solver: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks.convex_solver

# `command -v` falls back to python3 where 3.11 has no name of its own
$(VENV)/bin/python:
	$$(command -v $(PYTHON) || command -v python3) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m gaf_core.flow
	touch $@

$(VENV)/installed-dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m gaf_core.flow
	touch $(VENV)/installed $@

clean:
	rm -rf $(VENV) build
