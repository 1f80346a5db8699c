#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What this node says of itself, as `key=value` lines. A key whose value is not known is left out.

set -u
root=${1-} # where another root lies than this node's own, for tests

# Without root, docker's and the card's last words may stay unknown.
say() { [ -z "$2" ] || echo "$1=$2"; }

say up_since "$(sed -n 's/^btime //p' "$root/proc/stat")"
say release "$(head -n 1 "$root/etc/nodebake/release" 2>/dev/null)"
say root "$(tr ' ' '\n' <"$root/proc/cmdline" | sed -n 's/^nodebake\.mode=//p')"
say root_on "$(awk '$2 == "/" { on = $1 " " $3 } END { print on }' "$root/proc/mounts")"
say root_read_only "$(awk '$2 == "/" { n = split($4, words, ",") } END { for (i = 1; i <= n; i++) if (words[i] == "ro") print "yes" }' "$root/proc/mounts")"

# What a unit's own program said last. A journal has its readers, and root.
last_words() {
    for journal in journalctl "sudo -n journalctl"; do
        # shellcheck disable=SC2086 # words
        words=$(timeout -s KILL 5 $journal --boot --quiet --output cat --lines 1 \
            "_SYSTEMD_UNIT=$1.service" _TRANSPORT=stdout 2>/dev/null)
        [ -z "$words" ] || break
    done
    echo "$words"
}

setting() { sed -n "s/^$1=//p" "$root/etc/nodebake/docker" 2>/dev/null; }

for unit in docker docker-check nodebake-docker-data; do
    state=$(systemctl is-active "$unit.service" 2>/dev/null)
    [ "$state" = inactive ] && ! systemctl cat "$unit.service" >/dev/null 2>&1 && continue
    say "unit_$(echo "$unit" | tr - _)" "$state"
    [ "$state" != failed ] || say "why_$(echo "$unit" | tr - _)" "$(last_words "$unit")"
    if [ "$unit $state" = "docker active" ]; then
        place=$(sed -n 's/.*"data-root": *"\([^"]*\)".*/\1/p' "$root/etc/docker/daemon.json" 2>/dev/null)
        # Where it lies on a head that is away, nobody waits for the answer.
        room=$(timeout -s KILL 1 df --output=pcent,size --block-size=1 "$root${place:-/var/lib/docker}" 2>/dev/null | tail -n 1)
        say docker_used "$(echo "$room" | sed -n 's/^ *\([0-9]*\)%.*/\1/p')"
        say docker_size "$(echo "$room" | sed -n 's/.*% *\([0-9]*\)$/\1/p')"
    fi
done
say docker_strategy "$(setting STRATEGY)"
say docker_driver "$(setting DRIVER)"

for card in "$root"/sys/block/mmcblk[0-9]; do
    [ -e "$card/device" ] || continue
    say card "${card##*/}"
    say card_size "$(($(cat "$card/size") * 512))"
    say card_cid "$(cat "$card/device/cid" 2>/dev/null)"
    say card_read_only "$(sed 's/^0$//' "$card/ro")"
    # Ext4 counts what the kernel could not read or write.
    for errors in "$root"/sys/fs/ext4/"${card##*/}"p*/errors_count; do
        [ -e "$errors" ] && say card_errors "$(sed 's/^0$//' "$errors")"
    done
done
exit 0
