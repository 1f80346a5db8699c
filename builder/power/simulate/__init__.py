# SPDX-License-Identifier: Apache-2.0
"""A control plane for 60 nodes that can be slow, silent and wrong, and that counts what clients do wrong."""
