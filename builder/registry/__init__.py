# SPDX-License-Identifier: Apache-2.0
"""Images of container registries: exactly into the lock, and their pieces into the store."""
