# The commands a developer needs; docs/contributing.md explains them.

# Empty: the system's own, else the first python3 (docs/decisions/0060-the-systems-interpreter.md)
PYTHON ?=
BIN := .venv/bin

# The stamps carry a hash of what was asked for, so a checkout that only moves time stamps installs nothing again.
stamp = .venv/.$(1)-$(shell cat requirements/$(1).txt pyproject.toml | sha256sum | cut -c 1-16)
BASE := $(call stamp,base)
TEST := $(call stamp,test)

PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile
PIP_COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-options --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	--build-deps-for editable --extra postgres --extra fast --extra hsm --extra trustlists

LINTS := lint-format lint-style lint-types lint-contracts lint-dependencies lint-security
PYTEST := $(BIN)/python -m pytest
COMPLETE := HOHEIT_REQUIRE_POSTGRES=1 HOHEIT_REQUIRE_CHROMIUM=1 HOHEIT_REQUIRE_SOFTHSM=1
# A file stays with one process: what its tests share is made once. Files come in the order of tests/conftest.py. There is
# one process more than a small machine has processors, because each of them waits at times
WORKERS ?= 3
SIDE_BY_SIDE := $(if $(filter-out 0 1,$(WORKERS)),-n $(WORKERS) --dist loadfile --no-loadscope-reorder)
QUICK := -m "not (soak or flow or kill)" $(foreach folder,flows interop browser,--ignore=tests/$(folder))

.PHONY: demo test check lint $(LINTS) format bench pictures soak lock clean

demo: $(BASE)
	@$(BIN)/hoheit demo $(if $(filter-out 0,$(ONCE)),--once) $(ARGS)

# All in one run, so that no process is left alone with the longest file twice; the last line is the verdict.
test: $(TEST)
	@deploy/needs postgresql
	@deploy/needs chromium
	@deploy/needs softhsm2
	@$(MAKE) --no-print-directory lint
	@$(COMPLETE) $(PYTEST) $(SIDE_BY_SIDE) $(ARGS)

check: lint
	@$(PYTEST) -q $(QUICK) $(SIDE_BY_SIDE) $(ARGS)

lint: $(TEST)
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync $(LINTS)

lint-format:
	@$(BIN)/ruff format --quiet --check . || { echo "run: make format"; exit 1; }

lint-style:
	@$(BIN)/ruff check --quiet .

lint-types:
	@$(BIN)/mypy --no-error-summary

lint-contracts:
	@out=$$($(BIN)/lint-imports) || { echo "$$out"; exit 1; }

lint-dependencies:
	@out=$$($(BIN)/deptry . 2>&1) || { echo "$$out"; exit 1; }

lint-security:
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive .

format: $(TEST)
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

bench: $(TEST)
	@$(BIN)/python -m tests.benchmarks $(ARGS)

# The tutorials' walk, which takes the pictures in docs/pictures on its way.
pictures: $(TEST)
	@deploy/needs chromium
	@HOHEIT_PICTURES=1 HOHEIT_REQUIRE_CHROMIUM=1 $(PYTEST) tests/browser/test_town.py tests/browser/test_citizen_data.py $(ARGS)

soak: $(TEST)
	@deploy/needs postgresql
	@HOHEIT_REQUIRE_POSTGRES=1 $(PYTEST) -m soak tests $(ARGS)
	@HOHEIT_EXPLORE=1 $(PYTEST) -q -m hypothesis tests/protocol tests/runtime

# Pins move only with `make lock UPGRADE=1`; without it the files follow pyproject.toml and nothing else changes.
lock: $(TEST)
	$(PIP_COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements/base.txt pyproject.toml
	$(PIP_COMPILE) $(if $(UPGRADE),--upgrade) --extra test --constraint requirements/base.txt --output-file requirements/test.txt pyproject.toml

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@python=$$(deploy/needs python $(PYTHON)) && "$$python" -m venv .venv

$(BASE): | $(BIN)/python
	@$(PIP_INSTALL) --require-hashes -r requirements/base.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@rm -f .venv/.base-* && touch $@

# What the tests need includes what the program needs, at the same versions.
$(TEST): | $(BIN)/python
	@$(PIP_INSTALL) --require-hashes -r requirements/test.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@rm -f .venv/.base-* .venv/.test-* && touch $@ $(BASE)
