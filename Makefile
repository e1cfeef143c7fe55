# The commands of the project. `make demo` and `make test` each work as the first command after a clone.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && { echo "$$p"; break; }; done)
BIN := .venv/bin
STAMP := .venv/.installed
WORKERS ?= 2
SEEDS ?= 1-50

export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DAGSTER_DISABLE_TELEMETRY := true
export STREAMLIT_BROWSER_GATHER_USAGE_STATS := false
export DO_NOT_TRACK := 1

.PHONY: help venv demo test seeds up check lineage guide bench lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Tieout needs Python 3.11, 3.12 or 3.13; set PYTHON=/path/to/python3.11"; exit 2; }
	@echo "building .venv with $$($(PYTHON) --version) (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

venv: $(STAMP) ## build .venv

demo: $(STAMP) ## the synthetic account through the whole pipeline
	@$(BIN)/tieout demo

test: $(STAMP) ## every test that needs no extra server
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

seeds: $(STAMP) ## the true books of 50 simulated lives, a line per seed (SEEDS="3 11 20-25" names others)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		TIEOUT_TEST_SEEDS="$(SEEDS)" $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup -k seed \
		--basetemp="$$folder/lives" tests/integration/test_true_books.py tests/integration/test_true_pnl.py \
		tests/integration/test_true_lots.py

up: $(STAMP) ## Dagster on 127.0.0.1:3000, the dashboard on 127.0.0.1:8501
	@$(BIN)/tieout up

check: $(STAMP) ## lint, types, import rules, definitions, dbt
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m orchestration.validate
	@$(BIN)/python -m orchestration.lineage --check

lineage: $(STAMP) ## renew the packaged column lineage after a change of models or contracts
	@$(BIN)/python -m orchestration.lineage

guide: $(STAMP) ## renew the tables of docs/guides/flex-query.md from what the code reads
	@$(BIN)/python -m orchestration.flex_guide

bench: $(STAMP) ## benchmarks; prints ratios
	@$(BIN)/python -m bench

lock: $(STAMP) ## renew requirements.lock from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --extra dev --extra postgres -o requirements.lock --python-version 3.11 --universal --no-emit-index-url --no-annotate --no-header

clean: ## remove .venv and what was built (never data)
	rm -rf .venv dbt_project/target dbt_project/logs *.egg-info
