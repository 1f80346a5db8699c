# SPDX-License-Identifier: Apache-2.0
"""The power of nodes, head and mains: drivers, sequences, and a control plane to try them on."""
