# SPDX-License-Identifier: Apache-2.0
"""What nodes boot: from one release to another, back, and for a while."""
