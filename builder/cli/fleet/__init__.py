# SPDX-License-Identifier: Apache-2.0
"""What the verbs that log in to nodes share."""
