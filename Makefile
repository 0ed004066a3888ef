# One machine, one command. Needs Python 3.11+ with venv, make and PyPI; everything else comes by itself.
#   make run       the whole system on virtual rivers; the board's address is printed
#   make install   .venv with the riverchief command and the tools for development and benchmarks
#   make test      every check and test that this machine can run
#   make bench     the benchmarks, one after the other
#   make wheelhouse  archives that install hub and gateway on machines without a line, in dist/
#   make docs      the documentation's site in artefacts/docs, Chinese and English, every link checked
#   make drill     backup and restore, upgrade: on processes of their own, with what was lost
#   make audit     known vulnerabilities in what is locked, where an advisory service answers
#   make sbom      bill of materials and licences of what is locked, in dist/
#   make chaos     kill, cut off and fill everything for MINUTES=3, and count what was lost

PYTHON ?= python3
UV_VERSION := $(shell sed -n 's/.*"uv==\([0-9.]*\)".*/\1/p' pyproject.toml)
BIN := .venv/bin
ARGS ?=
MINUTES ?= 3

.PHONY: run install test lint bench chaos docs drill wheelhouse audit sbom clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

run: .venv/.ready
	@exec $(BIN)/riverchief simulate $(ARGS)

install: .venv/.ready

.venv/.ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "RiverChief needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo missing). Name another with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip, sqlite3, ssl, ctypes' 2>/dev/null || \
	  { echo "'$(PYTHON)' lacks one of venv, ensurepip, sqlite3, ssl, ctypes (on Debian: apt-get install python3-venv)." >&2; exit 1; }
	@test -w . || { echo "No permission to write in $$(pwd); clone the project to a folder of your own." >&2; exit 1; }
	@echo "Preparing .venv (about 10 s) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv sync --quiet --frozen --all-extras --no-extra city --inexact --system-certs
	@touch $@

lint: .venv/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest $(ARGS)

bench: .venv/.ready
	@for benchmark in benchmarks/[a-z]*.py; do echo "== $$benchmark"; $(BIN)/python $$benchmark || exit 1; done

chaos: .venv/.ready
	$(BIN)/python -m tests.chaos --minutes $(MINUTES)

docs: .venv/.ready
	@$(BIN)/uv sync --quiet --frozen --all-extras --all-groups --inexact --system-certs
	$(BIN)/mypy -p docs._build
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

drill: .venv/.ready
	$(BIN)/python -m tests.drills

wheelhouse: .venv/.ready
	deploy/install/wheelhouse.sh hub dist
	deploy/install/wheelhouse.sh gateway dist

audit: .venv/.ready
	$(BIN)/python .ci/audit

sbom: .venv/.ready
	@mkdir -p dist
	$(BIN)/uv export --quiet --frozen --no-default-groups --all-extras --format cyclonedx1.5 --preview-features sbom-export -o dist/sbom.cdx.json
	$(BIN)/uv export --quiet --frozen --no-default-groups --all-extras --no-emit-project -o dist/requirements.txt
	$(BIN)/python -m deploy.licences dist/requirements.txt >dist/licences.md

# What was measured (var/) stays.
clean:
	rm -rf .venv dist artefacts .mypy_cache .ruff_cache .pytest_cache
