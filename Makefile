# Needs make, git and Python 3.11 or newer: `make demo`, `make test`. Another Python: `make test PYTHON=python3.12`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Processes that run the tests: one more than there are cores, for many tests wait for servers and processes; at most
# four, for each imports everything. JOBS=0 runs them in pytest alone.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')
# Servers to export to and frameworks to optimize, each in an environment of its own: theirs and ours need not agree.
BACKENDS ?= .venv-backends
MLFLOW := mlflow==3.17.2
PHOENIX := arize-phoenix==20.26.1
WANDB := wandb==0.31.0
REMOTE := agents/spanwright_agents/remote_desk/requirements.txt
# A browser that pages are looked at with. Playwright drives the one that is there, it brings none of its own.
CHROMIUM ?= $(firstword $(shell command -v chromium chromium-browser google-chrome 2>/dev/null))
PLAYWRIGHT := playwright==1.65.2 axe-playwright-python==0.1.8 pillow==13.0.0
# What we compare with. It requires nothing, so it lies beside our environment, not in it.
GEPA_HOME ?= .venv-gepa
GEPA := gepa==0.1.4
# Where the comparison keeps every run, its figures and plots: begun anew, it goes on where it was.
BENCH ?= .benchmarks
BASE_URL ?=
MODEL ?=
# How long the soak test runs.
ROLLOUTS ?= 50000

# Tools of ours look for nothing newer on the network.
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS = 1
# The tests start many processes: none of them is to compile again what another one has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test test-slow test-crash test-soak test-backends test-ray test-remote test-sandbox test-browser screenshots test-gepa bench-gepa docs newcomer check format live lock clean
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## Make .venv with the pinned requirements and this package

$(VENV)/.requirements: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Spanwright needs Python 3.11 or newer, $(PYTHON) is " + sys.version.split()[0] + ": say for example make setup PYTHON=python3.12")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.requirements pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Optimize the example agents with simulated models, without a network
	$(BIN)/spanwright demo

PYTEST = $(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal

# Writing back looks at every agent that the process knows: beside all other tests that are hundreds, so it runs apart.
test: setup ## Run the tests, several processes at once (ARGS="-k pool" passes on to pytest)
ifeq ($(ARGS),)
	$(PYTEST) --ignore tests/source
	$(PYTEST) tests/source
else
	$(PYTEST) $(ARGS)
endif

test-slow: setup ## Run the acceptance tests that optimize again and again: what the signal is worth (20 minutes)
	$(BIN)/python -m pytest -m 'slow and not ray' --timeout 3600 -s $(ARGS)

test-crash: setup ## Kill runs at every journal transition and at 100 random moments, and audit what is left (15 minutes)
	$(BIN)/python -m pytest -m 'crash or not crash' --timeout 900 -s tests/crash $(ARGS)

test-soak: setup ## Run 50,000 rollouts: memory flat, bytes of the store for each (ROLLOUTS=5000 for fewer)
	SPANWRIGHT_SOAK='$(ROLLOUTS)' $(BIN)/python -m pytest -m soak --timeout 14400 -s tests/soak $(ARGS)

test-backends: setup $(BACKENDS)/mlflow/.$(MLFLOW) $(BACKENDS)/phoenix/.$(PHOENIX) $(VENV)/.wandb ## Export to and track by real MLflow, Phoenix and W&B, and read back (1.5 GB, installed once)
	SPANWRIGHT_BACKENDS='$(BACKENDS)' $(BIN)/python -m pytest -m backends --timeout 600 tests/backends $(ARGS)

test-ray: setup $(VENV)/.ray ## Start a local Ray cluster of two workers, and run the executors' tests and the demo on it (80 MB, installed once)
	RAY_raylet_start_wait_time_s=300 $(BIN)/python -m pytest -m ray --timeout 600 -W ignore::ResourceWarning \
		-W ignore::pytest.PytestUnraisableExceptionWarning tests/engine/test_executors.py tests/cli/test_executors.py $(ARGS)

$(VENV)/.ray: $(VENV)/.requirements pyproject.toml
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[ray]'
	@touch $@

test-sandbox: setup ## Run evolved code under bubblewrap, which has to be installed: what it must not do is refused or ended
	$(BIN)/python -m pytest -m sandbox tests/sandbox tests/agents tests/cli/test_demo.py $(ARGS)

test-remote: setup $(BACKENDS)/openai-agents/.installed ## Optimize an OpenAI Agents SDK agent in a process of its own (130 MB, installed once)
	SPANWRIGHT_BACKENDS='$(BACKENDS)' $(BIN)/python -m pytest -m remote --timeout 600 tests/remote $(ARGS)

ifeq ($(CHROMIUM),)
test-browser screenshots:
	@echo 'make $@ needs a Chromium: apt-get install chromium, or make $@ CHROMIUM=/path/to/one'
	@exit 1
else
test-browser: setup $(VENV)/.browser ## Look at reports and the live page in a real Chromium (needs one: apt-get install chromium)
	SPANWRIGHT_CHROMIUM='$(CHROMIUM)' $(BIN)/python -m pytest -m browser -s tests/report/page $(ARGS)

screenshots: setup $(VENV)/.browser ## Make the pictures of docs/images from a demo run
	SPANWRIGHT_CHROMIUM='$(CHROMIUM)' $(BIN)/python scripts/screenshots.py $(ARGS)
endif

$(VENV)/.browser: $(VENV)/.requirements
	$(BIN)/python -m pip install --quiet $(PLAYWRIGHT)
	@touch $@

$(VENV)/.wandb: $(VENV)/.requirements
	$(BIN)/python -m pip install --quiet $(WANDB)
	@touch $@

$(BACKENDS)/openai-agents/.installed: $(REMOTE)
	$(PYTHON) -m venv --clear $(BACKENDS)/openai-agents
	$(BACKENDS)/openai-agents/bin/python -m pip install --quiet -r $(REMOTE)
	@touch $@

$(BACKENDS)/mlflow/.$(MLFLOW):
	$(PYTHON) -m venv --clear $(BACKENDS)/mlflow
	$(BACKENDS)/mlflow/bin/python -m pip install --quiet $(MLFLOW)
	@touch $@

$(BACKENDS)/phoenix/.$(PHOENIX):
	$(PYTHON) -m venv --clear $(BACKENDS)/phoenix
	$(BACKENDS)/phoenix/bin/python -m pip install --quiet $(PHOENIX)
	@touch $@

test-gepa: setup $(GEPA_HOME)/.$(GEPA) ## Compare the candidates that gepa's rules admit with those of gepa itself
	PYTHONPATH='$(GEPA_HOME)' $(BIN)/python -m pytest --timeout 600 tests/benchmarks $(ARGS)
	PYTHONPATH='$(GEPA_HOME)' $(BIN)/python -m pytest --timeout 600 tests/gepa $(ARGS)

$(GEPA_HOME)/.$(GEPA):
	rm -rf $(GEPA_HOME)
	$(PYTHON) -m pip install --quiet --no-deps --target $(GEPA_HOME) $(GEPA)
	@touch $@

bench-gepa: setup $(VENV)/.benchmarks ## Measure us against gepa on worlds, and over HTTP (hours, resumable; ARGS=--quick: minutes)
	@mkdir -p $(BENCH)
	$(BIN)/python benchmarks/vs_gepa.py --json $(BENCH)/courses.jsonl --figures $(BENCH)/vs_gepa.json --plots $(BENCH) $(ARGS)
	$(BIN)/python benchmarks/width.py --json $(BENCH)/widths.jsonl --figures $(BENCH)/width.json --plots $(BENCH) $(ARGS)
	$(BIN)/python benchmarks/wire.py --figures $(BENCH)/wire.json $(ARGS)

$(VENV)/.benchmarks: $(VENV)/.requirements pyproject.toml
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[benchmarks]'
	@touch $@

docs: setup $(VENV)/.docs ## Build the documentation into site/, strictly and without a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build $(ARGS)

$(VENV)/.docs: $(VENV)/.requirements pyproject.toml
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[docs]'
	@touch $@

newcomer: setup ## Go from README.md alone, in an environment of its own, to an optimized agent, and tell how long it took
	$(BIN)/python -m pytest -m newcomer --timeout 1800 -s tests/acceptance/test_newcomer.py $(ARGS)

check: setup ## Lint, formatting, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: setup ## Let ruff format and fix what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

ifeq ($(and $(BASE_URL),$(MODEL)),)
live: ## Optimize with a real model: make live BASE_URL=... MODEL=...
	@echo 'make live needs BASE_URL (an OpenAI-compatible endpoint) and MODEL (a name that it serves): make live BASE_URL=... MODEL=...'
else
live: setup
	$(BIN)/spanwright live --base-url '$(BASE_URL)' --model '$(MODEL)'
endif

lock: ## Pin requirements.txt anew after pyproject.toml changed (ARGS=--upgrade moves every pin)
	$(PYTHON) scripts/lock $(ARGS)

clean: ## Remove what can be made again
	rm -rf $(VENV) .venv-backends .venv-gepa .benchmarks dist site .pytest_cache .ruff_cache .hypothesis .import_linter_cache
