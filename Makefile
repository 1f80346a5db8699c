# SPDX-License-Identifier: Apache-2.0
#
#     make image RECIPE=docker-sdcard     the last line on stdout is the image's path
#     make netboot RECIPE=minimal-netboot NODE=node02
#                                         what nodes boot over the network; the last line is the release's folder
#     make publish RECIPE=minimal-netboot NODE=node02
#                                         lets nodes boot the release that was built last
#     make deploy RECIPE=docker-sdcard NODE=node02
#                                         flashes a node's own card, over ssh
#     make deb                            the package for the head; the last line is its path
#     make test                           all tests
#     make boot-test                      what is published to nodes boots, in namespaces and an emulator
#     make bench                          nodebake and its peers, measured; takes an hour
#
# Each target is one call; what is needed for it sets itself up first.

RECIPE ?= docker-sdcard
NODE ?= @all
BIN := .venv/bin

MAKEFLAGS += --no-print-directory
.PHONY: image netboot publish deploy deb test boot-test test-long bench check lint setup setup-test setup-bench

image: setup
	@$(BIN)/nodebake init --keep >&2
	@$(BIN)/nodebake build $(RECIPE)

# A node, a range of them, or all of cluster.yaml.
netboot: setup
	@$(BIN)/nodebake init --keep >&2
	@$(BIN)/nodebake netboot $(RECIPE) '$(NODE)'

publish: setup
	@$(BIN)/nodebake publish $(RECIPE) '$(NODE)'

# The node has to be named: its card is overwritten.
deploy: setup
	@$(if $(filter @all,$(NODE)),echo 'which node? make deploy RECIPE=$(RECIPE) NODE=node02' >&2 && exit 2)
	@$(BIN)/nodebake deploy $(RECIPE) '$(NODE)'

deb:
	@tools/deb

test: setup-test
	@$(BIN)/pytest

# What nodes boot over the network: boot ROMs, published releases. Logs of what fails are kept in out/boot-logs.
boot-test: setup-test
	@NODEBAKE_TEST_LOGS=$${NODEBAKE_TEST_LOGS:-out/boot-logs} $(BIN)/pytest tests/netboot tests/boot/network tests/tools/fleet/test_card.py tests/flash/test_program.py tests/deploy/test_rollout.py tests/deploy/test_from_card.py tests/swarm

# The comparisons with full emulation: hours.
test-long: setup-test
	@NODEBAKE_LONG=1 $(BIN)/pytest

# On a quiet machine. Words for it: make bench BENCH='--only image --into README.md'
bench: setup-bench
	@$(BIN)/python -m tools.bench $(BENCH)

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

setup-bench:
	@tools/setup bench >&2
