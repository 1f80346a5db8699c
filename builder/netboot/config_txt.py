# SPDX-License-Identifier: Apache-2.0
"""config.txt as one board reads it, and its head for a boot tree. Pure."""

from __future__ import annotations

from collections.abc import Mapping

# A section that none of its boards' names begins with is none of the boards' here: `[HDMI:0]`, `[gpio4=1]`.
_ALSO = {"pi3+": ("pi3",), "pi0w": ("pi0",), "pi02": ("pi0",), "pi400": ("pi4",), "cm4": ("pi4",)}


def read_as(text: str, section: str) -> dict[str, str]:
    """What config.txt says to the board of a section; the last line of a key wins, as in the firmware."""
    mine = {"all", section, *_ALSO.get(section, ())}
    said: dict[str, str] = {}
    here = True
    for line in text.splitlines():
        words = line.partition("#")[0].strip()
        if words.startswith("["):
            here = words.strip("[]") in mine
        elif here and words:
            # `initramfs NAME` alone has no equals sign.
            key, value = [*words.replace("=", " ", 1).split(maxsplit=1), ""][:2]
            said[key] = value
    return said


def variant(said: Mapping[str, str]) -> str:
    """Which build of the firmware a board's settings choose: `cd` is cut down, `x` has camera codecs."""
    if said.get("start_debug") == "1":
        return "db"
    if said.get("start_x") == "1":
        return "x"
    return "cd" if said.get("gpu_mem") == "16" else ""


def head(prefix: str, pairs: Mapping[str, tuple[str, str]]) -> str:
    """The lines before the distribution's own: `pairs` has start and fixup file by section."""
    lines = ["# What lies below os_prefix is of one release, and so is each pair of start and fixup file."]
    lines += [f"os_prefix={prefix}"]
    if len(set(pairs.values())) == 1:
        start, fixup = next(iter(pairs.values()))
        lines += [f"start_file={start}", f"fixup_file={fixup}"]
    else:
        # A bootcode.bin that knows no sections takes the last pair; boards with an EEPROM do, and come first.
        for section in sorted(pairs, key=lambda name: (not pairs[name][0].startswith("start4"), name)):
            start, fixup = pairs[section]
            lines += [f"[{section}]", f"start_file={start}", f"fixup_file={fixup}"]
        lines.append("[all]")
    return "".join(f"{line}\n" for line in lines)
