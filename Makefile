# Everything a newcomer needs: `make demo` and `make test`. Both set up .venv by themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test test-all lint types check benchmark clean

demo: $(VENV)/.ready
	$(BIN)/sdpose-track demo

test: $(VENV)/.ready-dev
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q -m "not full_size"

# With SDPose at its true size: two minutes and 7 GB of memory more.
test-all: $(VENV)/.ready-dev
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q

lint: $(VENV)/.ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/.ready-dev
	$(BIN)/mypy main.py sdpose_track ui tests benchmarks

check: lint types test

benchmark: $(VENV)/.ready-dev
	$(BIN)/sdpose-track benchmark --against ultralytics

clean:
	rm -rf $(VENV) build dist *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "sdpose-track needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing into $(VENV) (about 7 GB on Linux, a few minutes the first time)"
	$(INSTALL) -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(INSTALL) -e '.[dev]'
	@touch $@
