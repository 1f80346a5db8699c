# SPDX-License-Identifier: Apache-2.0
"""From a release to what nodes boot: signs it, brings it to the head, and has `nodebake-head` do the rest."""
