# SPDX-License-Identifier: Apache-2.0
"""The verbs that bring docker, and images, to nodes that run."""
