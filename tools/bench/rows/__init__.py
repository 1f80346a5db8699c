# SPDX-License-Identifier: Apache-2.0
"""What is measured: a file for each comparison."""
