# SPDX-License-Identifier: Apache-2.0
"""`nodebake head …`: what concerns the head as a whole."""
