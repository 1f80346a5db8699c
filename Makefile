# SPDX-License-Identifier: Apache-2.0
#
#     make image RECIPE=docker-sdcard     the last line on stdout is the image's path
#     make test                           all tests
#
# Each target is one call; what is needed for it sets itself up first.

RECIPE ?= docker-sdcard
BIN := .venv/bin

MAKEFLAGS += --no-print-directory
.PHONY: image test test-long check lint setup setup-test

image: setup
	@$(BIN)/nodebake init --keep >&2
	@$(BIN)/nodebake build $(RECIPE)

test: setup-test
	@$(BIN)/pytest

# The comparisons with full emulation: hours.
test-long: setup-test
	@NODEBAKE_LONG=1 $(BIN)/pytest

check: lint
	@$(BIN)/pytest --quiet tests/unit

lint: setup-test
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/mypy --no-error-summary
	@tools/shell-scripts | xargs -0 shellcheck

setup:
	@tools/setup >&2

setup-test:
	@tools/setup test >&2
