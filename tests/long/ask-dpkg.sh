#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Run inside a tree: what its own dpkg finds wrong with it. That program is emulated, and never lent.

{
    dpkg --audit
    dpkg --verify
    echo "dpkg of $(dpkg --print-architecture) has looked"
} >/said 2>&1
