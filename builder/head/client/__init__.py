# SPDX-License-Identifier: Apache-2.0
"""The head's folder `client`: programs with the maker's names and command lines, and what they share.

These files are baked into the head's image as they are, side by side in one folder. A program therefore
imports its neighbours by their bare names; for type checkers, which see the package, they have the full one.
"""
