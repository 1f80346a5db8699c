# SPDX-License-Identifier: Apache-2.0
"""`python -m builder` is `nodebake`."""

from builder.cli.main import entry

if __name__ == "__main__":
    entry()
