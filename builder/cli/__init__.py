# SPDX-License-Identifier: Apache-2.0
"""The command line: one file a verb, loaded when it is called."""
