# SPDX-License-Identifier: Apache-2.0
"""A FAT32 whose every byte follows from a listing.

    geometry   how many sectors are what
    names      which names it can hold, and their short forms
    directory  the slots of a directory
    fill       all of it together

Source: Microsoft's FAT32 File System Specification 1.03; fsck.fat and mtools are the judges in tests.
"""
