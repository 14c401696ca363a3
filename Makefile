# The commands of the project; `make` alone lists them. All that they make lies in .txcat.
# PYTHON picks the interpreter of the environment, ARGS is handed on to the command.
BIN := .txcat/venv/bin
PROGRAMS := txcat_assets txcat_marts ml_api reporting_api txcat_web tools data deploy

.PHONY: help demo dev kafka stack test quick check lint fix types docs bench bench-api bench-kafka pins clean runtime-venv dev-venv

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

demo: runtime-venv ## Make sample data, run the main job on it and show what came of it
	@$(BIN)/txcat demo $(ARGS)

dev: runtime-venv ## Start the Dagster UI, the ML service and the API; ARGS="--port N ..."; Ctrl-C ends all
	@$(BIN)/txcat dev $(ARGS)

kafka: dev-venv ## Start a real Apache Kafka, without Docker; Ctrl-C ends it
	@$(BIN)/python -m tools.kafka_broker $(ARGS)

stack: dev-venv ## Start the production shape: PostgreSQL, Kafka and all; Ctrl-C ends it
	@$(BIN)/python -m tools.stack $(ARGS)

test: dev-venv ## Run the whole test suite, 40 minutes on 2 cores; ARGS picks some of it
	@$(BIN)/python -m pytest $(ARGS)

quick: dev-venv ## Run the tests of single parts, two minutes on 2 cores: no servers, no whole commands
	@$(BIN)/python -m pytest -m "not slow" tests/unit $(ARGS)

check: lint types test ## All that a change must pass, 40 minutes: what CI runs

lint: dev-venv ## Check style and layers
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && tools/check_workflows.sh
	@$(BIN)/lint-imports --no-logo --cache-dir .txcat/cache/import-linter
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(PROGRAMS) && tools/semgrep/check.sh $(PROGRAMS)

fix: dev-venv ## Mend style where a tool can
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

types: dev-venv ## Check types, strictly
	@$(BIN)/mypy

docs: dev-venv ## Write the generated pages anew
	@$(BIN)/python -m tools.docs

bench: runtime-venv ## Compare with bare metal in one run; ARGS="--rows 10000000" for more
	@$(BIN)/python -m tools.bench $(ARGS)

bench-api: dev-venv ## Measure the reporting API on a real PostgreSQL; ARGS="--rows 10000000" for more
	@$(BIN)/python -m tools.bench_api $(ARGS)

bench-kafka: dev-venv ## Measure the way from a real Kafka; ARGS="--help" lists what
	@$(BIN)/python -m tools.bench_kafka $(ARGS)

pins: dev-venv ## Remake the hashed pins; ARGS=--upgrade takes newer versions
	@tools/pins.sh $(ARGS)

clean: ## Remove the environment and the caches; the tables stay
	@rm -rf .txcat/venv .txcat/cache

runtime-venv:
	@tools/setup.sh runtime

dev-venv:
	@tools/setup.sh dev
