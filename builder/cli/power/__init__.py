# SPDX-License-Identifier: Apache-2.0
"""`nodebake power …`: the power of nodes, head and mains."""
