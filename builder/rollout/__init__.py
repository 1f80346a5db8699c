# SPDX-License-Identifier: Apache-2.0
"""Nodes moved to a system on their own cards, wave by wave, each tried before its card may boot by itself."""
