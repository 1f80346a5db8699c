# SPDX-License-Identifier: Apache-2.0
"""What runs on the head itself: the standard library, `websockets` as Debian has it, Python 3.11.

A rule test holds that. The rest of nodebake imports from here, and never the other way round.
"""
