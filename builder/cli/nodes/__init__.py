# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes …`: the inventory."""
