# SPDX-License-Identifier: Apache-2.0
"""The verbs that move nodes to systems on their own cards."""
