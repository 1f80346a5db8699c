# SPDX-License-Identifier: Apache-2.0
"""The drivers: one file for each way to switch power, one line here.

A driver is a module with a pydantic `Model` of its settings, `SOCKETS` (what one entry of it can switch)
and `connect(model, tell)`, an async context manager that yields a `Driver`. `NEAR_HEAD`, where it is true,
says that the settings' `url` is reached by way of the head when nodes are.
"""

DRIVERS = ("bladerunner", "homematic", "powerman", "command")
NODES, ONE, ANY = "nodes", "one", "any"
"""Numbered nodes only; one thing, be it a node or the mains; any number of things."""
