# SPDX-License-Identifier: Apache-2.0
from builder.tree.owners import owners, package_of

INFO = "var/lib/dpkg/info/"


def test_each_path_belongs_to_the_package_that_lists_it() -> None:
    lists = {
        f"{INFO}bash.list": "/.\n/etc\n/etc/bash.bashrc\n",
        f"{INFO}libc6:arm64.list": "/usr/lib/libc.so\n",
    }
    found = owners(lists)
    assert found["etc/bash.bashrc"] == "bash"
    assert found["usr/lib/libc.so"] == "libc6"


def test_a_merged_usr_is_looked_through() -> None:
    assert owners({f"{INFO}dash.list": "/bin/sh\n/library\n"}) == {"usr/bin/sh": "dash", "library": "dash"}


def test_what_dpkg_keeps_of_a_package() -> None:
    assert package_of(f"{INFO}libc6:arm64.md5sums") == "libc6"
    assert package_of(f"{INFO}bash.postinst") == "bash"
