#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Docker on a node whose root was made by hand, and off it again. Run by root. Several nodes may share one root: then
# `install` and `remove` are for one of them, `start` and `stop` for each.
#
#     docker.sh ROOT look                  what the root is, as `key=value` lines
#     docker.sh ROOT install PACKAGE …     put the staged files in place, then the packages that are not there
#     docker.sh ROOT start                 start docker with its data in their place, and check that it runs a container
#     docker.sh ROOT stop                  stop all of it; refused while containers run
#     docker.sh ROOT remove                what `install` brought goes, and what was there before comes back
#
# ROOT is another root's place, for tests, or empty. What is brought is staged in var/lib/nodebake/docker/stage.

set -eu
root=$1 verb=$2
shift 2
state=$root/var/lib/nodebake/docker
units="docker-check.service nodebake-docker-tend.timer docker.socket docker.service containerd.service
    nodebake-docker-data.service"

fail() {
    echo "$*" >&2
    exit 1
}

no_containers() { [ -z "$(docker ps --quiet 2>/dev/null)" ] || fail "containers run: stop them first"; }

installed() { [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

look() {
    echo "root=$(findmnt --noheadings --first-only --output SOURCE,FSTYPE / | tr -s ' ')"
    echo "mode=$(tr ' ' '\n' <"$root/proc/cmdline" | sed -n 's/^nodebake\.mode=//p')"
    ! [ -e "$state/files" ] || echo "ours=yes"
}

install_files() {
    mkdir -p "$state/former"
    touch "$state/files"
    (cd "$state/stage" && find . -type f) | sed 's/^\.\///' | while read -r path; do
        # What was there is kept, but once: the second time it is ours.
        if [ -e "$root/$path" ] && ! grep -qxF "$path" "$state/files"; then
            mkdir -p "$(dirname "$state/former/$path")"
            cp -p "$root/$path" "$state/former/$path"
        fi
        grep -qxF "$path" "$state/files" || echo "$path" >>"$state/files"
        mkdir -p "$(dirname "$root/$path")"
        cp -p "$state/stage/$path" "$root/$path"
    done
    rm -r "$state/stage"
}

install_packages() {
    missing=
    for package; do
        # Older releases have the client in the same package as the daemon.
        if ! installed "$package" && apt-cache show "$package" >/dev/null 2>&1; then
            missing="$missing $package"
        fi
    done
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086 # a list
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $missing >&2 ||
        fail "apt-get cannot install$missing"
    echo "$missing" >>"$state/packages"
}

install() {
    [ -d "$state/stage" ] || fail "nothing is staged in $state"
    no_containers
    # The files come first: docker starts when its package is installed, and is to find its place then.
    install_files
    systemctl daemon-reload
    apt-get update --quiet >&2 || echo "the lists of packages could not be renewed" >&2
    install_packages "$@"
    # shellcheck disable=SC2086 # a list
    systemctl --quiet enable $units
}

start() {
    no_containers
    systemctl daemon-reload
    # With other settings the data lie elsewhere.
    systemctl stop docker.socket docker.service containerd.service nodebake-docker-data.service 2>/dev/null || true
    # What failed without its settings does not wait for its next try.
    systemctl reset-failed docker.service containerd.service 2>/dev/null || true
    if grep -q '^FOLDER=' "$root/etc/nodebake/docker"; then
        # The node's content directory is on the head: what is made there can be mounted by itself.
        mkdir -p "$root/opt/individual_content/docker"
    fi
    systemctl restart containerd.service docker.service || fail "$(why)"
    systemctl restart docker-check.service || fail "$(why)"
    systemctl start nodebake-docker-tend.timer
    grep -qw memory "$root/sys/fs/cgroup/cgroup.controllers" ||
        echo "no limits of memory for containers: \`cgroup_enable=memory\` is not on the kernel's command line" >&2
    docker info --format 'driver={{.Driver}}'
}

# What the first unit that failed has said.
why() {
    for unit in nodebake-docker-data containerd docker docker-check; do
        if systemctl --quiet is-failed "$unit.service"; then
            journalctl --unit "$unit.service" --lines 20 --output cat | grep -v systemd | grep . | tail -n 1 ||
                echo "$unit failed"
            return 0
        fi
    done
    echo "docker does not start"
}

stop() {
    [ -e "$state/files" ] || fail "docker was not installed by nodebake here"
    no_containers
    # shellcheck disable=SC2086 # a list
    systemctl stop $units
}

remove() {
    [ -e "$state/files" ] || fail "docker was not installed by nodebake here"
    # shellcheck disable=SC2086 # a list
    systemctl --quiet disable $units
    if [ -s "$state/packages" ]; then
        # shellcheck disable=SC2046 # a list
        DEBIAN_FRONTEND=noninteractive apt-get remove --yes --quiet $(cat "$state/packages") >&2 ||
            fail "apt-get cannot remove $(tr '\n' ' ' <"$state/packages")"
    fi
    while read -r path; do
        rm -f "$root/$path"
        ! [ -e "$state/former/$path" ] || cp -p "$state/former/$path" "$root/$path"
    done <"$state/files"
    rm -r "$state"
    systemctl daemon-reload
}

case $verb in
    look | install | start | stop | remove) "$verb" "$@" ;;
    *) fail "usage: docker.sh ROOT look|install|start|stop|remove" ;;
esac
