# Python 3.11 and make are enough; everything else is installed into .venv.
.DEFAULT_GOAL := help
.PHONY: help run test tough torture check bench format lock clean

PORT ?= 8000
# Arguments for pytest, such as: make test ARGS="-k hold"
ARGS ?=
# The first Python that works and is new enough; PYTHON=/path/to/python says which.
PYTHON ?= $(or $(shell for python in python3.11 python3 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done),python3)
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin

help:
	@echo "make run      a demo tower on http://localhost:$(PORT) (PORT=9000 moves it), Ctrl-C stops it"
	@echo "make test     the whole suite, on SQLite and, where they are found, PostgreSQL and Redis"
	@echo "make tough    2,000 orders while web, workers, beat, Redis and PostgreSQL are killed"
	@echo "make torture  the proofs that are too long for every change"
	@echo "make bench    how fast it is, on a private PostgreSQL: make bench ARGS=\"intake pages --size full\""
	@echo "make check    style, types, import contracts, migrations, production settings"
	@echo "make format   rewrite the code in the house style"
	@echo "make lock     resolve requirements*.txt again into the lock files"

run: $(VENV)/.installed
	$(BIN)/python manage.py demo --port $(PORT)

test: $(VENV)/.installed-dev
	$(BIN)/python -m tests $(ARGS)

tough: $(VENV)/.installed-dev
	TOWER_TOUGH=1 $(BIN)/python -m tests tests/toughness -s

torture: $(VENV)/.installed-dev
	TOWER_TORTURE=1 $(BIN)/python -m tests tests/properties tests/toughness tests/flow/test_nothing_is_lost.py

bench: $(VENV)/.installed-dev
	$(BIN)/python -m bench $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	@if $(BIN)/python -m pip list --format=freeze | grep -i '^django-fsm==' ; then \
		echo "django-fsm must not be installed beside django-fsm-2: both own the module django_fsm" >&2; exit 1; fi
	DJANGO_SETTINGS_MODULE=ordertower.test_settings $(BIN)/python manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=ordertower.test_settings $(BIN)/python -W error manage.py check --fail-level WARNING
	.ci/check-deploy $(BIN)/python
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/bin/uv
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --python-version 3.11 requirements.txt -o requirements.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --python-version 3.11 requirements-dev.txt -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/.installed: requirements.lock .ci/install
	PYTHON="$(PYTHON)" UV_VERSION=$(UV_VERSION) .ci/install $(VENV) requirements.lock
	@touch $@

# The development lock holds the runtime lock.
$(VENV)/.installed-dev: requirements-dev.lock .ci/install
	PYTHON="$(PYTHON)" UV_VERSION=$(UV_VERSION) .ci/install $(VENV) requirements-dev.lock
	@touch $@ $(VENV)/.installed

$(VENV)/bin/uv:
	PYTHON="$(PYTHON)" UV_VERSION=$(UV_VERSION) .ci/install $(VENV) /dev/null
