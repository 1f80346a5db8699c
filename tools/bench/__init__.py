# SPDX-License-Identifier: Apache-2.0
"""nodebake and its peers, measured in the same go: `make bench`. Read docs/reference/benchmarks.md first."""

RECIPE = "docker-sdcard"
INSIDE = "tools.bench.inside"
"""What runs in the worker of a measurement."""
