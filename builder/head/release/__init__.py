# SPDX-License-Identifier: Apache-2.0
"""A release on the head: read, trusted, taken."""
