#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Put the system that flashes onto the first partition of this node's own card, and have the card boot it next.
# Root runs this on a node that boots from nothing else; words: RELEASE PREFIX BYTES-NEEDED. On stdin comes a tar:
# the release's manifest, signature and artifacts, and the config.txt and cmdline.txt that it is to boot by.
#
# Until the last line nothing boots differently. What is believed is what the keys that this node trusts have signed.

set -eu
umask 077
release=$1
prefix=$2
needs=$3
boot=/boot/firmware
place=$boot/nodebake-flasher
# Another visitor's, who hangs and will clear up when he ends, has another name.
coming=$place.$$
trust=/etc/nodebake
disk=/dev/mmcblk0
# The slot for what makes a card a node's: in units of 64 KiB.
start=64
count=4

fail() {
    echo "$*" >&2
    exit 1
}

[ "$(findmnt --noheadings --output SOURCE $boot)" = "${disk}p1" ] || fail "$boot is not the first partition of its card"
dd if=$disk bs=4096 skip=1 count=1 status=none | tr -d '\000' | grep -q '"state":"whole"' ||
    fail "its card was not written by nodebake"
[ -s $trust/allowed_signers ] || fail "it trusts no key: $trust/allowed_signers is not there"

# It is looked at: it does not start again by itself while it gets all that.
systemctl stop nodebake-trial.service 2>/dev/null || :
# Whoever came before may not have got as far as a start. The next one is of what this node runs, all the same.
if grep -q '^os_prefix=nodebake-flasher/\|^cmdline=nodebake-trial' $boot/config.txt; then
    # What is tried has it under the one name, what was visited under the other.
    own=$boot/config.txt.own
    [ -s $own ] || own=$boot/config.txt.former
    [ -s $own ] || fail "nothing on its card tells how it boots what it runs"
    cp $own $boot/config.txt.new
    sync
    mv $boot/config.txt.new $boot/config.txt
    sync
fi
rm -rf "$place" "$place".* $boot/config.txt.own $boot/config.txt.next $boot/nodebake-trial.txt
free=$(df --output=avail --block-size=1 $boot | tail -n 1)
[ "$free" -ge "$needs" ] || fail "its boot partition has $((free >> 20)) MiB free, the flasher takes $((needs >> 20)) MiB"
mkdir "$coming"
# What is not whole in the end goes again.
trap 'rm -rf "$coming" /run/nodebake-slot' EXIT
trap 'exit 1' HUP INT TERM
tar --extract --file - --directory "$coming" --no-same-owner --no-same-permissions
cd "$coming"

signer=$(ssh-keygen -Y find-principals -s manifest.json.sig -f $trust/allowed_signers 2>/dev/null | head -n 1)
set -- -Y verify -f $trust/allowed_signers -I "$signer" -n nodebake-release -s manifest.json.sig
[ ! -s $trust/revoked_signers ] || set -- "$@" -r $trust/revoked_signers
if [ -z "$signer" ] || ! ssh-keygen "$@" <manifest.json >/dev/null 2>&1; then
    fail "the signature of $release does not hold"
fi
for line in "\"recipe\": \"${release%/*}\"" "\"version\": \"${release#*/}\""; do
    grep -Fq "$line" manifest.json || fail "what came is not $release"
done
for file in *.squashfs *.boot.tar; do
    sum=$(sha256sum "$file" | cut -d ' ' -f 1)
    grep -Fq "\"name\": \"$file\", \"sha256\": \"$sum\"" manifest.json || fail "$file is not what was signed"
done
tar --extract --file ./*.boot.tar --no-same-owner --no-same-permissions "./$prefix"
rm ./*.boot.tar
mv cmdline.txt "$prefix/cmdline.txt"
# How the firmware is built and what it keeps for itself is as on this card.
{
    cat config.txt
    echo '[all]'
    sed -n '/^\(gpu_mem\|start_\|fixup_file\)/p' $boot/config.txt
} >../config.txt.visit

cd /
# shellcheck disable=SC2046 # names without spaces
tar --create --format ustar --owner 0 --group 0 --numeric-owner --file /run/nodebake-slot $(
    for file in etc/hostname etc/machine-id etc/ssh/ssh_host_ed25519_key etc/ssh/ssh_host_ed25519_key.pub \
        etc/nodebake/node etc/nodebake/allowed_signers etc/nodebake/revoked_signers etc/nodebake/secrets; do
        [ ! -e "$file" ] || echo "$file"
    done
)
[ "$(stat --format %s /run/nodebake-slot)" -le $((count * 65536)) ] || fail "what makes it itself does not fit into 256 KiB"
truncate --size $((count * 65536)) /run/nodebake-slot
dd if=/run/nodebake-slot of=$disk bs=65536 seek=$start conv=notrunc,fsync status=none
rm /run/nodebake-slot

cd $boot
rm -f config.txt.kept
cp config.txt config.txt.former
cp config.txt.visit config.txt.new
mv "$coming" "$place"
sync
trap - EXIT
mv config.txt.new config.txt
sync
