# SPDX-License-Identifier: Apache-2.0
"""An ext4 whose every byte follows from a listing: mke2fs makes it empty, this fills it.

    geometry   what lies where in an empty one
    skeleton   mke2fs makes it, its marks are read back
    node       a listing's entries as inodes-to-be
    number     which inode and which blocks each gets, kept from the release before
    inode, directory, extents, xattr, checksum     the records' bytes
    fill       all of it together

Sources: the kernel's Documentation/filesystems/ext4; e2fsck and debugfs are the judges in tests.
"""
