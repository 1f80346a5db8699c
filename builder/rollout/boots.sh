#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the card of a node boots that boots from nothing else. Root runs this there, in the flasher or in what the
# card holds.
#
#     stay                     before the card is written: boot the flasher until it is whole, and keep what that is
#                              made of in memory
#     try RELEASE SECONDS      after that: put it back beside RELEASE, and boot RELEASE for once, which starts again
#                              after SECONDS
#     own RELEASE              boot RELEASE, which the card holds; nothing of the flasher stays on it
#
# What is tried has its card boot the flasher the next time, before anything else (overlay card-once). config.txt
# changes by one rename; .own, .former and .kept are what boots what the card holds: of what is tried, of what was
# visited, and of that when it is about to be written over.
#
# NODEBAKE_LOCKED is set by who has the lock already; NODEBAKE_DISK is another disk, NODEBAKE_RUN another place in
# memory, for tests.

set -eu
umask 077
# Nobody may be left to hear why.
trap '' PIPE
disk=${NODEBAKE_DISK:-/dev/mmcblk0}
kept=${NODEBAKE_RUN:-/run}/nodebake-kept
here=/run/nodebake-boot
guest=nodebake-flasher
words=nodebake-trial.txt

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
        *) fail "the card is not whole" ;;
    esac
    case $label in
        *"\"release\":\"$1\""*) ;;
        *) fail "the card does not hold $1" ;;
    esac
}

boots_flasher() {
    grep -q "^os_prefix=$guest/" config.txt
}

boots_for_once() {
    grep -q "^cmdline=$words" config.txt
}

# Put the flasher on the card beside what boots from there; config.txt.visit would boot it.
put_back() {
    [ -d "$kept/$guest" ] || fail "the flasher is not in memory any more"
    cp config.txt config.txt.own
    rm -rf $guest
    needs=$(($(du --summarize --block-size=1 "$kept/$guest" | cut -f 1) + (1 << 20)))
    free=$(df --output=avail --block-size=1 . | tail -n 1)
    if [ "$free" -lt $needs ]; then
        rm config.txt.own
        fail "the boot partition has $((free >> 20)) MiB free, the flasher takes $((needs >> 20)) MiB"
    fi
    rm -rf $guest.new
    cp -r "$kept/$guest" $guest.new
    mv $guest.new $guest
    {
        cat $guest/config.txt
        echo '[all]'
        sed -n '/^\(gpu_mem\|start_\|fixup_file\)/p' config.txt.own
    } >config.txt.visit
}

boot_by() {
    cp "$1" config.txt.new
    sync
    mv config.txt.new config.txt
    sync
}

# Who was given up may be at work yet: he ends when he has a word to say, after two minutes at most.
if [ -z "${NODEBAKE_LOCKED-}" ]; then
    exec 9>/run/nodebake-flash.lock
    flock -w 180 9 || fail "another flasher is at work here"
fi
if [ "$(findmnt --noheadings --output SOURCE /boot/firmware)" = "${disk}p1" ]; then
    cd /boot/firmware
    # Whoever is here has looked at this system; it does not start again by itself.
    systemctl stop nodebake-trial.service 2>/dev/null || :
else
    mkdir -p "$here"
    # The card was written as a whole: what this partition was remembered to hold may be of before.
    udevadm settle --timeout=10 2>/dev/null || :
    blockdev --flushbufs "${disk}p1"
    mount "${disk}p1" "$here"
    trap 'cd /; umount "$here"' EXIT
    cd "$here"
fi

case ${1-} in
    stay)
        if [ ! -d $guest ]; then
            # Written already, by whoever was stopped before he could tell.
            put_back
        elif [ ! -d "$kept/$guest" ]; then
            # A memory of its own: /run may take a fifth of what there is.
            mkdir -p "$kept"
            mountpoint -q "$kept" || mount -t tmpfs -o size=100%,mode=700 tmpfs "$kept"
            rm -rf "$kept/new"
            mkdir "$kept/new"
            cp -r $guest "$kept/new/"
            mv "$kept/new/$guest" "$kept/$guest"
        fi
        [ -s config.txt.visit ] || fail "nothing on its card boots the flasher"
        # As it comes up, the flasher looks for the former.
        [ ! -f config.txt.former ] || mv config.txt.former config.txt.kept
        boot_by config.txt.visit
        ;;
    try)
        holds "$2"
        # Unless it was prepared by whoever was stopped before he could start it.
        if ! boots_for_once; then
            # Of what was tried before, and came back to the flasher, all is there.
            boots_flasher || put_back
            [ -s config.txt.own ] || fail "nothing tells how the card boots $2"
            prefix=$(said os_prefix config.txt.own)
            given=$(said cmdline config.txt.own)
            # Of words that are there twice the kernel takes the last.
            printf '%s panic=10 nodebake.trial=%s nodebake.once\n' \
                "$(tr '\n' ' ' <"$prefix${given:-cmdline.txt}")" "$3" >"$prefix$words"
            cp config.txt.visit config.txt.next
            {
                cat config.txt.own
                printf '\n[all]\ncmdline=%s\n' "$words"
            } >config.txt.trial
            boot_by config.txt.trial
        fi
        ;;
    own)
        if [ "$PWD" = "$here" ]; then
            # Seen from the flasher: it is not given back what it has just come back from.
            holds "$2"
            ! boots_flasher || [ ! -s config.txt.own ] || fail "$2 was tried, and is not well"
        fi
        if boots_flasher || boots_for_once; then
            for own in config.txt.own config.txt.former config.txt.kept ''; do
                [ ! -s "$own" ] || break
            done
            [ "$own" ] || fail "nothing tells how the card boots $2"
            boot_by "$own"
        fi
        for each in own former kept next new trial visit; do
            rm -f config.txt.$each
        done
        rm -rf $guest $guest.*
        find . -name "$words" -delete
        sync
        ;;
    *)
        fail "usage: stay, try RELEASE SECONDS, or own RELEASE"
        ;;
esac
