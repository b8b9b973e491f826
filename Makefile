# Everything a newcomer needs: `make demo` and `make test`. Both set up .venv by themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Wheels only: nothing of strangers runs while it is installed.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -c constraints.txt

.PHONY: demo test test-all harden readers test-readers lint types check audit benchmark clean

demo: $(VENV)/.ready
	$(BIN)/sdpose-track demo

test: $(VENV)/.ready-dev
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q -m "not full_size and not readers and not hardening"

# With SDPose at its true size and long recordings: minutes and 7 GB of memory more.
test-all: $(VENV)/.ready-dev
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q -m "not readers"

# Tens of thousands of broken inputs, killed runs and full disks (docs/reliability.md): about an hour.
harden: $(VENV)/.ready-dev
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q --hard tests/hardening

# The programs that exports are for: 3 GB in environments of their own. Some have wheels for 3.11 only.
READER_PYTHON ?= python3.11
READERS := $(patsubst tests/readers/%.txt,.venv-readers/%/.ready,$(wildcard tests/readers/*.txt))
readers: $(READERS) .venv-readers/node/.ready

.venv-readers/%/.ready: tests/readers/%.txt
	$(READER_PYTHON) -m venv .venv-readers/$*
	.venv-readers/$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.venv-readers/node/.ready:
	@mkdir -p $(@D)
	@command -v npm >/dev/null && npm install --silent --prefix $(@D) gltf-validator@2.0.0-dev.3.10 \
	  || echo "without npm: the tests with gltf-validator and node will be skipped"
	@touch $@

test-readers: $(VENV)/.ready-dev readers
	$(INSTALL) -e '.[sleap]'
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q -m readers

lint: $(VENV)/.ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/.ready-dev
	$(BIN)/mypy main.py sdpose_track ui tests benchmarks docs

check: lint types test

# Licences, pins and known vulnerabilities (docs/licences.md); needs the internet.
audit: $(VENV)/.ready-dev
	PYTHONPATH=. $(BIN)/python docs/licences.py --check
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.venv-audit/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt

benchmark: $(VENV)/.ready-dev
	$(BIN)/sdpose-track benchmark --against ultralytics

clean:
	rm -rf $(VENV) .venv-audit build dist *.egg-info

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
