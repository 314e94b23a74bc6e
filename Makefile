# Every task of the project; `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh

# The first of these that is CPython 3.11 to 3.13; `make PYTHON=/path/to/python run` decides otherwise.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { echo $$p; break; }; done)
DATA ?= data
FUZZ_SECONDS ?= 60
# Saves time on processors and GPUs with bfloat16.
TRAIN ?= --precision mixed_bfloat16
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
REVISION = $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
PY := .venv/bin/python
SYNC := .venv/bin/uv sync --quiet --locked --inexact --no-default-groups --group serve

.PHONY: help run test check format train evaluate bench chaos fuzz image sbom lambda up down clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/.serve ## start bot, services and playground on this machine
	@exec $(PY) -m launcher

test: .venv/.dev check ## all checks, then all tests
	$(PY) -m pytest --ignore=tests/docs --ignore=tests/supply --cov --cov-report=term --cov-fail-under=90
	$(PY) -m tests.under_gevent tests/unit/utils tests/unit/services

check: .venv/.dev ## lint, types, imports, docs, packages, secrets
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m pytest -q tests/docs tests/supply
	$(PY) -m tests.supply.leaks
	$(PY) -m tests.supply.audit

format: .venv/.dev ## format the code
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

train: .venv/.dev ## train and export the networks (DATA=folder of the packs; hours)
	$(PY) -m training.train_gender --data $(DATA) $(TRAIN) --name gender-48 --size-px 48 --epochs 10 --decay-epochs 0
	$(PY) -m training.train_gender --data $(DATA) $(TRAIN) --name gender-1 --start-from runs/gender-48/average.keras
	$(PY) -m training.train_gender --data $(DATA) $(TRAIN) --start-from runs/gender-1/average.keras --decay-epochs 17
	$(PY) -m training.export gender --data $(DATA)
	$(PY) -m training.train_emotion --data $(DATA) $(TRAIN) --name emotion-1 --start-from runs/gender-48/average.keras
	$(PY) -m training.distill emotion --data $(DATA) $(TRAIN) --teachers runs/emotion-1/average.keras --share 0.4 --labelled-only --start-from runs/emotion-1/average.keras --epochs 36 --decay-epochs 24
	$(PY) -m training.distill emotion --data $(DATA) $(TRAIN) --name emotion-2 --seed 3 --teachers runs/emotion/average.keras --share 0.4 --labelled-only --start-from runs/emotion/average.keras --epochs 24 --decay-epochs 20
	$(PY) -m training.distill emotion --data $(DATA) $(TRAIN) --name emotion-3 --seed 4 --teachers runs/emotion/average.keras runs/emotion-2/average.keras --share 0.4 --labelled-only --start-from runs/emotion-2/average.keras --epochs 24 --decay-epochs 20
	$(PY) -m training.export emotion --data $(DATA) --run emotion-3
	$(PY) -m training.train_detector --data $(DATA)
	$(PY) -m training.export_detector --data $(DATA)
	$(PY) -m benchmarks.detector --data $(DATA) --write

evaluate: .venv/.dev ## the model cards' figures (DATA=folder of the packs)
	$(PY) -m training.evaluate --data $(DATA) --json

bench: .venv/.dev ## all we claim about speed, into benchmarks/results (20 minutes)
	$(PY) -m benchmarks.pipeline --json
	$(PY) -m benchmarks.serving --json
	$(PY) -m benchmarks.scaling --json
	$(PY) -m benchmarks.waiting --json
	$(PY) -m benchmarks.queue --json
	$(PY) -m benchmarks.mixed --json
	$(PY) -m benchmarks.archive --json
	$(PY) -m benchmarks.webcam --json

chaos: .venv/.dev ## 10,000 photos while everything fails now and then (25 minutes)
	$(PY) -m tests.chaos

fuzz: .venv/.dev ## mutated pictures for a minute (FUZZ_SECONDS=60); findings into tests/fuzz/findings
	$(PY) -m tests.fuzz --seconds $(FUZZ_SECONDS)

image: sbom ## build both images
	for name in semblance:python semblance-nginx:nginx; do \
		docker build --tag $${name%:*} --tag $${name%:*}:$(VERSION) --file docker/$${name#*:}/Dockerfile \
			--build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) . || exit 1; \
	done

sbom: .venv/.serve ## list the packages inside the image (CycloneDX: dist/semblance.cdx.json)
	@mkdir -p dist
	.venv/bin/uv export --quiet --locked --no-default-groups --group serve --no-emit-package uv \
		--format cyclonedx1.5 --output-file dist/semblance.cdx.json

lambda: ## build the AWS Lambda function's image, and send it a photo
	docker build --tag semblance-lambda --file deploy/aws/Dockerfile .
	@name=$$(docker run --detach --publish 127.0.0.1::8080 semblance-lambda) || exit 1; \
	curl -sS --retry 20 --retry-all-errors --retry-delay 1 --data @deploy/aws/events/faces.json \
		http://$$(docker port $$name 8080)/2015-03-31/functions/function/invocations; \
	code=$$?; echo; docker rm --force $$name >/dev/null; exit $$code

up: ## start with Docker Compose (needs TELEGRAM_TOKEN and SEMBLANCE_SECRET)
	@docker compose up --build --detach --wait || { docker compose logs --no-log-prefix settings; exit 1; }

down: ## stop what `make up` started
	docker compose down

clean: ## remove the environment and all caches; keeps var/ (queue and secret)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage htmlcov .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/uv: bootstrap.txt
	@test -n "$(PYTHON)" || { echo "Semblance needs CPython 3.11, 3.12 or 3.13; please install one."; exit 1; }
	@echo "semblance: creating .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r bootstrap.txt
	@touch $@

.venv/.serve: .venv/bin/uv uv.lock pyproject.toml
	@echo "semblance: installing what runs it"
	@$(SYNC) --compile-bytecode
	@touch $@

.venv/.dev: .venv/.serve
	@echo "semblance: installing what trains and tests it"
	@$(SYNC) --group train --group dev
	@touch $@
