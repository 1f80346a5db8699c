# SPDX-License-Identifier: Apache-2.0
"""The one voice: data on stdout, everything else on stderr."""
