# SPDX-License-Identifier: Apache-2.0
"""A node on the head: who it is, what it boots from, how that has moved."""
