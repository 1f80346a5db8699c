#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a node tells of itself, by root, to whoever wants to know whether it does what nodes are for: a word and a
# value a line. Nothing here ends early: what cannot be found out is told as such.

say() {
    printf '%s %s\n' "$1" "$(printf '%s' "$2" | tr '\n' ' ')"
}

has_unit() {
    systemctl list-unit-files --no-legend "$1" 2>/dev/null | grep -q .
}

say release "$(cat /etc/nodebake/release 2>/dev/null)"
say root "$(findmnt --noheadings --raw --first-only --output SOURCE / 2>/dev/null)"
if grep -q 'nodebake\.trial' /proc/cmdline; then say boot trial; else say boot own; fi
# It may still be on its way up.
say state "$(timeout 240 systemctl is-system-running --wait 2>/dev/null)"
say failed "$(systemctl list-units --state=failed --plain --no-legend 2>/dev/null | cut -d ' ' -f 1)"
# Where there is no pin for it the unit's own condition keeps it from running.
if has_unit bay-led.service && [ "$(systemctl show --value --property Result bay-led.service)" != exec-condition ]; then
    say led "$(systemctl is-active bay-led.service)"
else
    say led none
fi

# An image of the node's own shell: that docker is active says nothing.
docker_runs() {
    libraries=$(ldd /usr/bin/dash | grep -o '/lib[^ ]*' | sed 's,^/,,')
    # shellcheck disable=SC2086 # a word a library
    tar -C / -ch usr/bin/dash $libraries | docker import - nodebake-health >/dev/null &&
        timeout 120 docker run --rm --network none nodebake-health /usr/bin/dash -c 'echo runs'
    docker image rm --force nodebake-health >/dev/null
}

if command -v docker >/dev/null; then say docker "$(docker_runs 2>&1)"; else say docker none; fi
