# SPDX-License-Identifier: Apache-2.0
"""`python -m builder.head`."""

from builder.head.main import entry

if __name__ == "__main__":
    entry()
