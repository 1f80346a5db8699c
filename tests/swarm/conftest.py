# SPDX-License-Identifier: Apache-2.0
"""Nodes in namespaces of their own are root's to make."""

from __future__ import annotations

import os

# CI's ordinary user leaves what is root's to `make boot-test`, which CI runs as root.
collect_ignore = ["test_swarm.py"] if os.environ.get("CI") and os.geteuid() else []
