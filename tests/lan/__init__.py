# SPDX-License-Identifier: Apache-2.0
"""A cluster LAN for tests: the real dnsmasq and made-up boards, in network namespaces of their own."""
