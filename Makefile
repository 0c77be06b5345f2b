# The two commands: `make demo` and `make test`. Both set everything up by themselves, in .venv.
PYTHON ?= python3

.PHONY: demo test lint unit clean help

help:
	@echo "make demo    see it work: Kafka, Spark, a model, twelve documents"
	@echo "make test    run all tests"
	@echo "make lint    ruff, mypy, import-linter"
	@echo "make unit    the tests that need neither Java nor a model"
	@echo "make clean   remove .venv"

demo:
	@$(PYTHON) tools/set_up.py
	@.venv/bin/gistream demo

test: lint
	@.venv/bin/pytest

lint:
	@$(PYTHON) tools/set_up.py --dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

unit:
	@$(PYTHON) tools/set_up.py --dev
	@.venv/bin/pytest tests/unit

clean:
	rm -rf .venv
