# traceops.tracing: every target creates what it needs, outside the checkout (TRACEOPS_CACHE, default ~/.cache/traceops).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
CACHE := $(or $(TRACEOPS_CACHE),$(HOME)/.cache/traceops)
KEY := $(shell printf '%s' '$(CURDIR)' | cksum | cut -d' ' -f1)
ROOT := $(CACHE)/tree-$(KEY)
TREE := $(ROOT)/ansible_collections/traceops/tracing
VENV := $(CACHE)/venv
BIN := $(VENV)/bin
OWN := $(if $(CHECKS),-e '{"diagnose_check_dirs": ["$(CHECKS)"]}')
LAB_STAMP := $(VENV)/.lab-$(shell cat requirements.txt requirements-lab.txt | cksum | cut -d' ' -f1)
DEV_STAMP := $(VENV)/.dev-$(shell cat requirements*.txt tests/tools/docker_collection.py | cksum | cut -d' ' -f1)
# Integration tests wait for servers and containers a good part of their time: one lane more than there are cores.
INTEGRATION_LANES := $(or $(LANES),3)
LANES ?= 2
PYTEST := cd $(TREE) && PYTHONPATH=$(ROOT):$(TREE)/tests/tools/bytecode $(BIN)/python -m pytest -p no:cacheprovider --durations=10

export ANSIBLE_COLLECTIONS_PATH := $(ROOT)
export PYTHONPATH := $(ROOT)
export PATH := $(BIN):$(PATH)
export ANSIBLE_HOME := $(CACHE)/ansible
export PYTHONPYCACHEPREFIX := $(ROOT)/pycache
unexport PYTHONDONTWRITEBYTECODE
export RUFF_CACHE_DIR := $(CACHE)/ruff
export HYPOTHESIS_STORAGE_DIRECTORY := $(CACHE)/hypothesis

.PHONY: help demo diagnose test lint sanity unit contract integration robustness bench sdks mutants docs evidence explain replay build clean tree venv venv-dev

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t14

venv: $(LAB_STAMP)
venv-dev: $(DEV_STAMP)

$(LAB_STAMP):
	@tests/tools/venv.sh '$(PYTHON)' '$(VENV)' requirements-lab.txt && touch $@

$(DEV_STAMP): $(LAB_STAMP)
	@tests/tools/venv.sh '$(PYTHON)' '$(VENV)' requirements-dev.txt
	@$(BIN)/python tests/tools/docker_collection.py && touch $@

tree:
	@$(PYTHON) tests/tools/export.py . $(TREE)

demo: venv tree ## the main job on the embedded lab: a healthy stack that is found, one that is described, two faults
	@cd $(TREE) && $(BIN)/python -m ansible_collections.traceops.tracing.tests.lab.demo

diagnose: venv tree ## diagnose this machine (ARGS="-e diagnose_service=...")
	@ansible-playbook traceops.tracing.diagnose $(ARGS)

test: ## everything: lint and sanity, unit, contract, robustness, integration
	@$(MAKE) -j2 --output-sync=target lint sanity
	@$(MAKE) unit
	@$(MAKE) contract
	@$(MAKE) robustness
	@$(MAKE) integration

lint: venv-dev tree ## ruff, mypy strict on module_utils, yamllint, ansible-lint (profile production)
	cd $(TREE) && ruff check . && ruff format --check --quiet . || { ruff format --diff . ; exit 1; }
	cd $(TREE)/../../.. && mypy --config-file $(TREE)/pyproject.toml --cache-dir $(CACHE)/mypy -p ansible_collections.traceops.tracing.plugins.module_utils
	cd $(TREE) && yamllint --strict .
	cd $(TREE) && ansible-lint --offline --strict
	@# The checkout itself is usable: nothing but the link beside the playbooks leads to the collection.
	env -u ANSIBLE_COLLECTIONS_PATH -u PYTHONPATH ansible-playbook --syntax-check playbooks/diagnose.yml >/dev/null

unit: venv-dev tree ## unit tests (ARGS="tests/unit/shared -k ...")
	$(PYTEST) -n $(LANES) $(or $(ARGS),tests/unit)

contract: venv-dev tree ## recorded exchanges through the clients and against the lab
	$(PYTEST) -n $(LANES) $(or $(ARGS),tests/contract)

sanity: venv-dev tree ## ansible-test sanity, and a check that it tested something
	@tests/tools/sanity.sh $(TREE) $(CACHE)

robustness: venv-dev tree ## hostile input, dead and dripping servers, secrets
	$(PYTEST) -n $(LANES) --dist loadfile $(or $(ARGS),tests/robustness)

integration: venv-dev tree ## playbooks against the lab, real collectors, containers, in three lanes (ARGS=tests/integration/otlp; LANES=0: one process)
	$(PYTEST) -n $(INTEGRATION_LANES) --dist loadfile --no-loadscope-reorder $(or $(ARGS),tests/integration)

coverage: venv-dev tree ## line coverage of plugins/ by unit, contract and robustness tests (all but modules on hosts)
	rm -rf $(ROOT)/coverage && mkdir $(ROOT)/coverage
	cd $(TREE) && coverage run --source=$(TREE)/plugins --data-file=$(ROOT)/coverage/data -m \
	  pytest -p no:cacheprovider -n $(LANES) --dist loadfile $(or $(ARGS),tests/unit tests/contract tests/robustness)
	cd $(TREE) && coverage combine --quiet --data-file=$(ROOT)/coverage/data && coverage report --data-file=$(ROOT)/coverage/data

bench: venv-dev tree ## measure what it costs, in ratios; writes ~/.cache/traceops/bench.json (ARGS="fleet ssh", OUTPUT=FILE)
	@cd $(TREE) && TRACEOPS_COMMIT="$(shell git describe --always --dirty --abbrev=40 2>/dev/null)" $(BIN)/python -m ansible_collections.traceops.tracing.tests.bench $(if $(OUTPUT),--output '$(abspath $(OUTPUT))') $(ARGS)

sdks: venv-dev tree ## real SDKs of five languages in every state of failure: is the cause named? (ARGS="python refused --judge"; REQUIRE_ALL=1)
	cd $(TREE) && $(BIN)/python -m ansible_collections.traceops.tracing.tests.sdks $(ARGS)

mutants: venv-dev tree ## mutation testing of the evaluator: how many changes to it do its tests not notice?
	@tests/tools/venv.sh '$(PYTHON)' '$(VENV)' requirements-mutants.txt
	$(BIN)/python $(TREE)/tests/tools/mutants.py $(ROOT) $(CACHE)/mutants-$(KEY)

docs: venv-dev tree ## write docs/checks.md from the check library, and docs/report.schema.json
	$(BIN)/python tests/tools/docs.py .

evidence: venv-dev tree ## write the healthy evidence of the checks' tests anew, from a diagnosis of the lab
	$(BIN)/python $(TREE)/tests/tools/evidence.py .

explain: venv tree ## what a check means and how to fix it (ID=network.otlp.connection-refused; CHECKS=FOLDER for your own)
	@ansible-playbook traceops.tracing.explain -e id='$(ID)' $(OWN)

replay: venv tree ## judge the evidence of a report again, and compare with what it says (REPORT=tracing-report/report.json)
	@ansible-playbook traceops.tracing.report -e report='$(or $(REPORT),tracing-report)' -e baseline='$(or $(REPORT),tracing-report)' -e diagnose_report_dir= $(OWN)

build: venv ## the collection's tarball with the files that git tracks, in ~/.cache/traceops/dist
	@$(PYTHON) tests/tools/export.py --tracked . $(ROOT)/build
	@mkdir -p $(CACHE)/dist && cd $(ROOT)/build && ansible-galaxy collection build --force --output-path $(CACHE)/dist .

clean: ## remove what make created for this checkout
	rm -rf $(ROOT) $(CACHE)/mutants-$(KEY)
