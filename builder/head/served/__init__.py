# SPDX-License-Identifier: Apache-2.0
"""What the head serves: DHCP and TFTP, NFS, logs, releases over HTTP."""
