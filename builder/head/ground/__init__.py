# SPDX-License-Identifier: Apache-2.0
"""What every room of the head stands on: places, files that appear whole, one door to other programs."""
