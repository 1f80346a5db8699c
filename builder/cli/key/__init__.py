# SPDX-License-Identifier: Apache-2.0
"""`nodebake key …`: who may sign releases."""
