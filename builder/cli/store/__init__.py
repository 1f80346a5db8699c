# SPDX-License-Identifier: Apache-2.0
"""`nodebake store …`: what the store holds, and how it is kept."""
