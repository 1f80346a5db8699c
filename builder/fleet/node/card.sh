#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The card in this node's slot: what it is and what is on it, as `key=value` lines; or a partition on it for docker's
# data. Run by root.
#
#     card.sh ROOT DEVICE status
#     card.sh ROOT DEVICE prepare SECONDS [format]
#
# ROOT is another root's place, or empty; DEVICE is empty for the first card; SECONDS are what making the file system
# may take. Refusals are the last line on stderr.

set -u
root=$1 device=$2 verb=$3 limit=${4-} format=${5-}
label=nodebake-docker

fail() {
    echo "$*" >&2
    exit 1
}

say() { [ -z "$2" ] || echo "$1=$2"; }

# The whole device below which a path of a device lies.
whole() { lsblk --noheadings --nodeps --output PKNAME "$1" 2>/dev/null | grep . || basename "$1"; }

find_card() {
    [ -z "$device" ] || return 0
    for each in "$root"/sys/block/mmcblk[0-9]; do
        # Not the boot areas of an eMMC, and not what has no medium.
        [ -e "$each/device" ] && [ "$(cat "$each/size")" != 0 ] && device=/dev/${each##*/} && return 0
    done
    fail "there is no card in it"
}

# Its partitions, or itself where a file system is on the whole of it.
parts() { lsblk --noheadings --raw --output PATH "$device" | tail -n +2; }

mounts() { lsblk --noheadings --raw --output MOUNTPOINT "$device" | grep . | tr '\n' ' ' | sed 's/ $//'; }

# Whether the root is on it, be it under a read-only lower layer or by a name of its own.
holds_root() {
    for each in $(findmnt --noheadings --output SOURCE --first-only / 2>/dev/null) \
        $(sed -n 's/.*\broot=\([^ ]*\).*/\1/p' "$root/proc/cmdline"); do
        case $each in
            /dev/*) found=$each ;;
            *=*) found=$(findfs "$each" 2>/dev/null) || continue ;;
            *) continue ;;
        esac
        [ "$(whole "$found")" = "$(basename "$device")" ] && return 0
    done
    return 1
}

# Nothing on it: no table, no file system, and zeros (or ones, as some cards erase) at its begin.
empty() {
    [ -z "$(parts)" ] && [ -z "$(wipefs --noheadings "$device")" ] &&
        [ "$(head -c 1048576 "$device" | tr -d '\000\377' | head -c 1 | wc -c)" = 0 ]
}

# A Pi whose card has a bootcode.bin starts from the card, and never asks the network. Nothing is mounted to look for
# it: the name stands in the root directory, which follows the two file allocation tables.
bootable() {
    for part in $(parts); do
        [ "$(blkid -p -s TYPE -o value "$part")" = vfat ] || continue
        head -c 16777216 "$part" | LC_ALL=C grep -a -q 'BOOTCODEBIN[ [:cntrl:]]' && return 0
    done
    return 1
}

status() {
    about=$root/sys/block/$(basename "$device")/device
    say card "$device"
    say size "$(blockdev --getsize64 "$device")"
    say cid "$(cat "$about/cid" 2>/dev/null)"
    say model "$(cat "$about/name" 2>/dev/null)"
    # In tenths of the life that its maker gave it, of its two kinds of memory; SD cards seldom tell it.
    say wear "$(cat "$about/life_time" 2>/dev/null)"
    say read_only "$(blockdev --getro "$device" | sed 's/^0$//')"
    say mounted "$(mounts)"
    holds_root && say root yes
    empty && say empty yes
    bootable && say bootable yes
    for part in $(parts); do
        say part "$(basename "$part") $(blkid -p -s TYPE -o value "$part") $(blkid -p -s LABEL -o value "$part")"
        [ "$(blkid -p -s LABEL -o value "$part")" = "$label" ] && say docker "$part"
    done
    return 0
}

prepare() {
    for tool in timeout sfdisk partx wipefs mkfs.ext4 lsblk findmnt; do
        command -v "$tool" >/dev/null || fail "the node lacks $tool"
    done
    for part in $(parts); do
        if [ "$(blkid -p -s LABEL -o value "$part")" = "$label" ] && [ "$format" != format ]; then
            echo "docker=$part"
            exit 0
        fi
    done
    [ "$(blockdev --getro "$device")" = 0 ] || fail "the card can only be read"
    ! holds_root || fail "the node's root is on the card"
    [ -z "$(mounts)" ] || fail "the card is in use: $(mounts)"
    [ "$format" = format ] || empty || fail "the card is not empty: $(contents)"
    # shellcheck disable=SC2046 # a list
    wipefs --quiet --all $(parts) "$device" || fail "the card cannot be written"
    # From 4 MiB on, where a card's own blocks begin.
    echo "start=4MiB, type=83" | sfdisk --quiet --label dos --wipe always "$device" >&2 ||
        fail "the card cannot be partitioned"
    partx --update "$device" 2>/dev/null
    part=
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        part=$(parts | head -n 1)
        [ -b "$part" ] && break
        sleep 0.5
    done
    [ -b "$part" ] || fail "the new partition does not show up"
    # Some cards take minutes to discard what is on them, and nothing is gained by it.
    code=0
    timeout --kill-after 5 "$limit" mkfs.ext4 -q -F -m 1 -E nodiscard -L "$label" "$part" || code=$?
    case $code in
        0) ;;
        124 | 137) fail "the card is too slow: formatting it was not done after $limit s" ;;
        *) fail "the card cannot be formatted" ;;
    esac
    blockdev --flushbufs "$device"
    [ "$(blkid -p -s LABEL -o value "$part")" = "$label" ] || fail "the card does not keep what is written to it"
    echo "docker=$part"
}

# What is on a card that is not empty, in a few words.
contents() {
    found=
    for part in $(parts) "$device"; do
        kind=$(blkid -p -s TYPE -o value "$part") || continue
        [ -z "$kind" ] || found="$found${found:+ }$kind"
    done
    echo "${found:-something without a file system}"
}

[ "$(id -u)" = 0 ] || fail "only root may look at cards"
find_card
[ -b "$device" ] || fail "$device is no disk"
case $verb in
    status) status ;;
    prepare) prepare ;;
    *) fail "usage: card.sh ROOT DEVICE status|prepare SECONDS [format]" ;;
esac
