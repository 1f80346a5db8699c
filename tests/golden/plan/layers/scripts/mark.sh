#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
cat "$INPUTS"/* > /etc/mark
