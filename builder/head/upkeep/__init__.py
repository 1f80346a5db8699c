# SPDX-License-Identifier: Apache-2.0
"""The head itself: what is wrong with it, and what makes it this one."""
