# Needs Python 3.11 or newer and make; all else goes into .venv. Another interpreter: make test PYTHON=python3.13 VENV=.venv-3.13

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet
TOOLS := $(VENV)/.tools
RELEASE := $(VENV)/.release
LOWEST := .venv-lowest
LOWEST_TESTS ?= tests/unit tests/wire tests/directories

.DEFAULT_GOAL := help
.PHONY: help demo test test-lowest lint lint-js format-js wheel release audit requirements bench bench-quick clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.demo ## start the service with a sample directory (ARGS="--listen 127.0.0.1:8081")
	@$(VENV)/bin/vats1c demo $(ARGS)

test: $(VENV)/.dev ## run the tests (ARGS="-k journal")
	@$(VENV)/bin/python -m pytest $(ARGS)

test-lowest: ## run tests with the lowest versions that pyproject.toml allows, on Python 3.11 (LOWEST_TESTS=tests/unit)
	@$(MAKE) --no-print-directory VENV=$(LOWEST) $(LOWEST)/.lowest
	@$(LOWEST)/bin/python -m pytest $(LOWEST_TESTS) $(ARGS)

lint: $(VENV)/.dev ## check style, types, imports between modules, the Dockerfile, and the JavaScript
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/codespell
	$(VENV)/bin/hadolint Dockerfile
	@if command -v node >/dev/null && command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-js; else \
		echo 'The JavaScript was NOT checked: node and npm were not found. On Debian and Ubuntu: apt-get install nodejs npm'; fi

lint-js: node_modules/.package-lock.json
	npm run --silent lint

format-js: node_modules/.package-lock.json ## format the JavaScript of the pages and its tests
	npm run --silent format

wheel: $(VENV)/.dev ## build the source archive, and from it the wheel, into dist/
	$(VENV)/bin/python -m build $(ARGS)

release: $(RELEASE)/.installed ## build and check what a release publishes, from the newest commit, into dist/; publish nothing
	@$(RELEASE)/bin/python tools/release.py

audit: $(RELEASE)/.installed ## look for known vulnerabilities of the versions in requirements.txt; needs the internet
	@$(RELEASE)/bin/python tools/audit.py

requirements: $(TOOLS)/bin/uv ## pin what pyproject.toml asks for, keeping the pins that fit (ARGS=--upgrade: the newest)
	$(COMPILE) pyproject.toml --extra all --output-file requirements.txt $(ARGS)
	$(COMPILE) pyproject.toml --extra all --group test --group lint --constraints requirements.txt \
		--output-file requirements-dev.txt $(ARGS)
	$(COMPILE) --group release --output-file requirements-release.txt $(ARGS)
	$(COMPILE) --resolution lowest-direct pyproject.toml --extra all --output-file requirements-lowest.txt $(ARGS)

bench: $(VENV)/.dev ## measure SayName beside its bounds and its peers, durable calls, the start; minutes
	@$(VENV)/bin/python bench/run.py $(ARGS)
	@$(VENV)/bin/python bench/calls.py --windows --connections 32
	@$(VENV)/bin/python bench/start.py

bench-quick: $(VENV)/.dev ## the same beside its bounds alone; a minute
	@$(VENV)/bin/python bench/run.py --quick $(ARGS)

clean: ## remove .venv and everything that was built
	rm -rf $(VENV) $(LOWEST) node_modules build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests bench -name __pycache__ -type d -exec rm -rf {} +

COMPILE = $(TOOLS)/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command 'make requirements'

# Each stamp says what the environment holds; it is older than what changed since.
PROJECT := pyproject.toml src/vats1c/__init__.py

$(VENV)/.demo: requirements.txt $(PROJECT) | $(VENV)/.made
	@echo 'Installing what vats1c needs into $(VENV) (once) ...'
	@$(PIP) install --require-hashes --requirement requirements.txt
	@$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(PROJECT) | $(VENV)/.made
	@echo 'Installing what the tests and checks need into $(VENV) (once) ...'
	@$(PIP) install --require-hashes --requirement requirements-dev.txt
	@$(PIP) install --no-deps --editable .
	@touch $(VENV)/.demo $@

# After .dev, whose versions it replaces by the lowest ones. Some tools of the checks need newer versions; none of them runs here.
$(VENV)/.lowest: requirements-lowest.txt $(VENV)/.dev
	@echo 'Installing the lowest versions of what vats1c needs into $(VENV) (once) ...'
	@$(PIP) install --require-hashes --no-warn-conflicts --requirement requirements-lowest.txt
	@touch $@

# An environment of its own: what the tools of a release need decides no version of the tests.
$(RELEASE)/.installed: requirements-release.txt | $(VENV)/.made
	@echo 'Installing what a release needs into $(RELEASE) (once) ...'
	@$(VENV)/bin/python -m venv $(RELEASE)
	@$(RELEASE)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement requirements-release.txt
	@touch $@

# npm writes this file when it has installed what package-lock.json names.
node_modules/.package-lock.json: package.json package-lock.json
	@echo 'Installing what checks the JavaScript into node_modules (once) ...'
	@npm ci --silent
	@touch $@

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || \
		{ echo 'vats1c: $(PYTHON) was not found. Install Python 3.11 or newer, or name it: make PYTHON=python3.13 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "vats1c needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'vats1c: $(PYTHON) lacks the module venv. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(TOOLS)/bin/uv: | $(VENV)/.made
	@$(VENV)/bin/python -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip --disable-pip-version-check --quiet install 'uv>=0.9'
