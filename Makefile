# What people type. Needs GNU make 3.81 or newer, a Python from 3.11 on, and a package index; no root, no Docker.
# Under each target is plain Python: `.venv/bin/python -m pytest suites --help` shows all that a run takes.

BASELINE  ?= redis:7.2
CANDIDATE ?= valkey:8.1
PROFILE   ?= gate
SEED      ?=
RECORD    ?=
PROVIDER  ?=
WORKERS   ?= auto
ARGS      ?=
ENGINES   ?= $(BASELINE) $(CANDIDATE)
PYTHON    ?=
VENV      ?= .venv

RUN       := $(VENV)/bin/python -m
INSTALLED := $(VENV)/.rekey-installed

# An environment whose Python is gone (an upgrade of the system, a moved folder) is made anew.
GONE := $(shell test ! -e '$(INSTALLED)' || '$(VENV)/bin/python' -c '' 2>/dev/null || rm -f '$(INSTALLED)')

.DEFAULT_GOAL := help
.PHONY: help gate test lint format fetch engines bench lock clean venv

help: ## this page
	@echo 'Rekey: can this deployment be moved from engine A to engine B, and back, without its users noticing?'
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'
	@echo
	@echo 'For gate: BASELINE=$(BASELINE) CANDIDATE=$(CANDIDATE) PROFILE=smoke|gate|nightly SEED=N RECORD=DIR'
	@echo '          PROVIDER=auto|cell|docker|process WORKERS=N ARGS="any option of pytest suites"'
	@echo 'For all:  PYTHON=python3.13 chooses the Python that .venv is made with'

gate: $(INSTALLED) ## compare two engines: BASELINE=redis:7.2 CANDIDATE=valkey:8.1
	@$(RUN) pytest suites --baseline '$(BASELINE)' --candidate '$(CANDIDATE)' --profile '$(PROFILE)' \
	  $(if $(SEED),--seed '$(SEED)') $(if $(RECORD),--record '$(RECORD)') $(if $(PROVIDER),--provider '$(PROVIDER)') \
	  -n '$(WORKERS)' --dist worksteal -rN $(ARGS)

test: $(INSTALLED) ## Rekey's own tests (what needs Docker or a cell is skipped without)
	@$(RUN) pytest tests -n '$(WORKERS)' --dist worksteal $(ARGS)

lint: $(INSTALLED) ## ruff, mypy and the direction of imports
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(VENV)/bin/lint-imports

format: $(INSTALLED) ## let ruff put things in order
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

engines: $(INSTALLED) ## list the engines: what is here, what can be had, why not
	@$(RUN) topologies engines

fetch: $(INSTALLED) ## bring engines into the cache: ENGINES="redis:7.2 valkey:9.1", or ENGINES=--all
	@$(RUN) topologies fetch $(ENGINES)

bench: $(INSTALLED) ## how fast it is (benchmarks/README.md)
	@for each in benchmarks/bench_*.py; do echo "== $$each"; $(VENV)/bin/python "$$each" || exit; done

lock: $(INSTALLED) ## write requirements.lock anew, after a change of pyproject.toml
	@$(RUN) uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
	  pyproject.toml -o requirements.lock --no-header --no-annotate

clean: ## remove what was made here: .venv, build/ and tools' caches; runs/ stays
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .grimp_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv: $(INSTALLED) ## only .venv, with everything that requirements.lock names

# A whole environment is brought up to date when the lock changes; half a one (no stamp) is made anew.
$(INSTALLED): requirements.lock
	@if [ ! -e '$@' ]; then \
	  python=$$($(FIND_PYTHON)) || exit 1; \
	  echo "Making $(VENV) with $$($$python --version) ($$python)"; \
	  $$python -m venv --clear '$(VENV)' || exit 1; \
	fi
	@echo 'Installing what requirements.lock names (once; about half a minute)'
	@$(RUN) pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch '$@'

# Prints the first Python that will do; says what is wrong with those that will not.
define FIND_PYTHON
for each in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
  if why=$$($$each -c 'import sys; sys.version_info >= (3, 11) or sys.exit("is %d.%d" % sys.version_info[:2]); import ensurepip, venv' 2>&1); \
  then echo $$each; exit 0; fi; \
  echo "$$each will not do: $$why" | tail -n 1 >&2; \
done; \
echo 'Rekey needs Python 3.11 or newer with its venv module (on Debian and Ubuntu: apt install python3-venv).' >&2; \
echo 'Name one: make PYTHON=/path/to/python3 ...' >&2; exit 1
endef
