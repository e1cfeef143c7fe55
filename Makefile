# The commands of the project. `make demo` and `make test` each work as the first command after a clone.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && { echo "$$p"; break; }; done)
BIN := .venv/bin
STAMP := .venv/.installed
IB_ASYNC := .venv-ib-async
SCALE := .venv-scale
WORKERS ?= 2
SEEDS ?= 1-50

export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DAGSTER_DISABLE_TELEMETRY := true
export STREAMLIT_BROWSER_GATHER_USAGE_STATS := false
export DO_NOT_TRACK := 1

.PHONY: help venv demo test test-ib-async test-scale soak seeds up check compose-check lineage guide bench lock clean

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

# ib_insync and ib_async both write the package eventkit: each has an environment of its own
$(IB_ASYNC)/.installed: requirements-ib-async.lock
	@test -n "$(PYTHON)" || { echo "Tieout needs Python 3.11, 3.12 or 3.13; set PYTHON=/path/to/python3.11"; exit 2; }
	@rm -rf $(IB_ASYNC) && $(PYTHON) -m venv $(IB_ASYNC)
	@$(IB_ASYNC)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-ib-async.lock
	@touch $@

# the shared fixtures, the reader of documents and the command need the whole project, which is not there
IB_ASYNC_TESTS = $(filter-out %/test_tws_reader.py %/test_tws_doctor.py,$(wildcard tests/integration/test_tws_*.py tests/unit/tws/test_*.py))
test-ib-async: $(IB_ASYNC)/.installed ## the connection to TWS with ib_async instead of ib_insync
	@$(IB_ASYNC)/bin/python -m pytest --noconftest $(IB_ASYNC_TESTS)

# servers to test against and the extras that reach them, which nobody else has to install
$(SCALE)/.installed: requirements-scale.lock
	@test -n "$(PYTHON)" || { echo "Tieout needs Python 3.11, 3.12 or 3.13; set PYTHON=/path/to/python3.11"; exit 2; }
	@rm -rf $(SCALE) && $(PYTHON) -m venv $(SCALE)
	@$(SCALE)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-scale.lock
	@$(SCALE)/bin/python -c "import dagster_celery, dagster_k8s, kubernetes_validate, moto.server, s3fs, yfinance.data"
	@touch $@

test-scale: $(SCALE)/.installed ## the lake on S3, Celery workers, the manifests for Kubernetes, Yahoo's library; servers on loopback
	@$(SCALE)/bin/python -m pytest tests/scale tests/integration/test_yahoo_client.py

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

compose-check: $(STAMP) ## the containers, without a container engine: their rules, then each command with a real PostgreSQL
	@$(BIN)/python -m deploy.check

lineage: $(STAMP) ## renew the packaged column lineage after a change of models or contracts
	@$(BIN)/python -m orchestration.lineage

guide: $(STAMP) ## renew the tables of docs/guides/flex-query.md and docs/features.md from the code
	@$(BIN)/python -m orchestration.flex_guide
	@$(BIN)/python -m orchestration.features_guide

bench: $(STAMP) ## benchmarks; prints ratios
	@$(BIN)/python -m bench

soak: $(STAMP) ## five minutes of faults against the live feed, then its state against the simulated TWS's book
	@$(BIN)/python -m tests.support.live_soak $(if $(SEED),--seed $(SEED))

lock: $(STAMP) ## renew requirements.lock from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --extra dev --extra postgres -o requirements.lock --python-version 3.11 --universal --no-emit-index-url --no-annotate --no-header
	@printf 'ib-async==2.1.0\npytest>=8.4\nhypothesis>=6.130\npydantic-settings>=2.5\n' | uv pip compile - -c <(grep -v '^tzdata' requirements.lock) -o requirements-ib-async.lock --python-version 3.11 --universal --no-emit-index-url --no-annotate --no-header
	@printf 'moto[s3]>=5.2\nflask\nflask-cors\nkubernetes-validate>=1.37\n' | uv pip compile pyproject.toml - --extra dev --extra s3 --extra yahoo --extra postgres --extra celery --extra kubernetes -c requirements.lock -o requirements-scale.lock --python-version 3.11 --universal --no-emit-index-url --no-annotate --no-header

clean: ## remove .venv and what was built (never data)
	rm -rf .venv $(IB_ASYNC) $(SCALE) dbt_project/target dbt_project/logs *.egg-info
