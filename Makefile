# What a developer types. `make help` lists it; everything that a target needs, it installs or builds first.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?=
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
RUNS ?= 5
SIZE ?= 100x50
LARGE ?= 440x50
KINDS ?= 300
KEEP ?=
TESTS ?=
VERSION ?=
INSTALLED := .venv/.installed
# A released control plane (KUBEBUILDER_ASSETS) is used as it is; else ours is built before anything waits for it.
CONTROLPLANE := $(if $(KUBEBUILDER_ASSETS),,controlplane)

.PHONY: help venv controlplane demo test lint reference bench bench-quick bench-bundle dist manifest wheel clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1:/p' Makefile | while IFS=: read -r name text; do \
		printf '%-14s%s\n' "$$name" "$$text"; \
	done

venv: $(INSTALLED) ## install the program and its test tools into .venv (.venv/bin/kubectl-inventory)

controlplane: venv ## build the Kubernetes control plane of the tests, once (6 to 10 minutes)
	@path=$$(.venv/bin/python -m tests.controlplane build) && echo "control plane: $$path"

demo: venv $(CONTROLPLANE) ## run the program against a real control plane (KEEP=1 keeps it up)
	@.venv/bin/python -m tests.controlplane demo $(if $(filter-out 0,$(KEEP)),--keep)

test: venv $(CONTROLPLANE) ## run every test (TESTS="-k policy" runs some)
	@.venv/bin/python -m pytest $(TESTS)

lint: venv ## check style, types, imports and dead code
	@.venv/bin/ruff check
	@.venv/bin/mypy
	@.venv/bin/mypy --platform win32 kubectl_inventory # what only POSIX has stands behind a question
	@.venv/bin/mypy --platform darwin kubectl_inventory
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/vulture kubectl_inventory .vulture.py # what only a test uses is dead, too
	@.venv/bin/vulture kubectl_inventory tests krew .vulture.py --ignore-decorators '@pytest.fixture*'
	@echo 'no dead code'

reference: venv ## write docs/reference.md from the commands
	@.venv/bin/python -m tests.reference

bench: venv $(CONTROLPLANE) ## time the program beside kubectl, write bench/results.json and README's figures
	@.venv/bin/python -m tests.bench --runs $(RUNS) --size $(SIZE) --large $(LARGE) --kinds $(KINDS) --write \
		--typed '$(strip make bench $(MAKEOVERRIDES))'

bench-quick: venv $(CONTROLPLANE) ## the same at a small cluster, in under 3 minutes, writing nothing
	@.venv/bin/python -m tests.bench --runs 3 --size 20x20 --typed 'make bench-quick'

bench-bundle: dist $(CONTROLPLANE) ## time what krew installs of it beside the program in .venv, by turns
	@.venv/bin/python -m krew manifest >/dev/null
	@.venv/bin/python -m tests.bench.bundle

dist: venv ## build krew's archive for this platform into dist/
	@.venv/bin/python -m krew build

manifest: venv ## keep plugin.yaml at VERSION=v0.1.0, and write dist/plugin.yaml with the sums of the archives in dist/
	@.venv/bin/python -m krew manifest --version '$(VERSION)'

wheel: venv ## build wheel and sdist into dist/, and check how a package index would show them
	@.venv/bin/python -m build --no-isolation --outdir dist . >/dev/null
	@.venv/bin/python -m twine check --strict dist/*.whl dist/kubectl_inventory-*.tar.gz

clean: ## remove what the other targets left in this folder
	@rm -rf .venv build dist kubectl_inventory.egg-info
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage
	@find kubectl_inventory tests -name __pycache__ -type d -prune -exec rm -rf {} +
	@cache="$${XDG_CACHE_HOME:-$$HOME/.cache}/kubectl-inventory"; \
	if [ -d "$$cache" ]; then \
		echo "left: the built control plane, in $$cache (rm -rf \"$$cache\" removes it)"; \
	fi
	@echo 'left: what Go keeps of the build, up to 3 GB (go clean -cache -modcache), and pip (pip cache purge)'

$(INSTALLED): setup.cfg pyproject.toml
	@python=''; \
	for name in $(or $(PYTHON),$(PYTHONS)); do \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python="$$name"; \
			break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo 'error: no Python 3.11 or newer among: $(or $(PYTHON),$(PYTHONS))' >&2; \
		echo 'hint: install one, or "make venv PYTHON=/path/to/python3"' >&2; \
		exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "error: $$python has no venv module" >&2; \
		echo 'hint: on Debian and Ubuntu, apt-get install python3-venv' >&2; \
		exit 1; \
	fi; \
	echo 'installing the program and its test tools into .venv ...'; \
	"$$python" -m venv .venv
	@.venv/bin/python -m pip --disable-pip-version-check install --quiet --config-settings editable_mode=compat --editable '.[test,dist]'
	@touch $(INSTALLED)
