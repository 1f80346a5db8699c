#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Have the card of a visited node boot what was written to it for once, and the flasher again after that. Root
# runs this in the flasher.
#
#     keep                     before the card is written: keep what the flasher is made of in memory
#     try RELEASE SECONDS      after that: put it beside RELEASE, which starts again after SECONDS
#
# RELEASE itself has its card boot the flasher the next time, before anything else (overlay card-once), and boots
# by itself when it has been found well. config.txt changes by one rename. NODEBAKE_DISK and NODEBAKE_RUN are
# another disk and another place in memory, for tests.

set -eu
umask 077
disk=${NODEBAKE_DISK:-/dev/mmcblk0}
kept=${NODEBAKE_RUN:-/run}/nodebake-kept
here=/run/nodebake-boot
guest=nodebake-flasher

fail() {
    echo "$*" >&2
    exit 1
}

# The last value that $2 gives to $1.
said() {
    sed -n "s/^$1=//p" "$2" | tail -n 1
}

holds() {
    label=$(dd if="$disk" bs=4096 skip=1 count=1 status=none | tr -d '\000')
    case $label in
        *'"state":"whole"'*) ;;
        *) return 1 ;;
    esac
    case $label in
        *"\"release\":\"$1\""*) ;;
        *) return 1 ;;
    esac
}

# Put the flasher on the card beside what boots from there by config.txt; config.txt.visit would boot it.
put_back() {
    [ -d "$kept/$guest" ] || fail "the flasher is not in memory any more"
    rm -rf $guest
    needs=$(($(du --summarize --block-size=1 "$kept/$guest" | cut -f 1) + (1 << 20)))
    free=$(df --output=avail --block-size=1 . | tail -n 1)
    [ "$free" -ge $needs ] ||
        fail "the boot partition has $((free >> 20)) MiB free, the flasher takes $((needs >> 20)) MiB"
    cp -r "$kept/$guest" .
    {
        cat $guest/config.txt
        echo '[all]'
        sed -n '/^\(gpu_mem\|start_\|fixup_file\)/p' config.txt
    } >config.txt.visit
}

mkdir -p "$here"
# The card was written as a whole: what this partition was remembered to hold may be of before.
blockdev --flushbufs "${disk}p1"
mount "${disk}p1" "$here"
trap 'cd /; umount "$here"' EXIT
cd "$here"

case $1 in
    keep)
        if [ ! -d $guest ]; then
            # Written already, by whoever was stopped before he could tell.
            put_back
            sync
            exit 0
        fi
        # A memory of its own: /run may take a fifth of what there is.
        mkdir -p "$kept"
        mountpoint -q "$kept" || mount -t tmpfs -o size=100%,mode=700 tmpfs "$kept"
        rm -rf "$kept/new"
        mkdir "$kept/new"
        cp -r $guest "$kept/new/"
        rm -rf "${kept:?}/$guest"
        mv "$kept/new/$guest" "$kept/$guest"
        ;;
    try)
        holds "$2" || fail "the card does not hold all of $2"
        if grep -q '^cmdline=nodebake-trial' config.txt; then
            # By whoever was stopped before he could start it.
            exit 0
        fi
        if grep -q "^os_prefix=$guest/" config.txt; then
            # It was tried before, and this is what it came back to.
            [ -s config.txt.own ] || fail "nothing tells how the card boots $2"
        else
            put_back
            cp config.txt config.txt.own
        fi
        prefix=$(said os_prefix config.txt.own)
        words=$(said cmdline config.txt.own)
        # Of words that are there twice the kernel takes the last.
        printf '%s panic=10 nodebake.trial=%s nodebake.once\n' "$(tr '\n' ' ' <"$prefix${words:-cmdline.txt}")" "$3" \
            >"${prefix}nodebake-trial.txt"
        cp config.txt.visit config.txt.next
        {
            cat config.txt.own
            printf '\n[all]\ncmdline=nodebake-trial.txt\n'
        } >config.txt.new
        sync
        mv config.txt.new config.txt
        sync
        ;;
    *)
        fail "usage: keep, or try RELEASE SECONDS"
        ;;
esac
