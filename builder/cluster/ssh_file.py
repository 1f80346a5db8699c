# SPDX-License-Identifier: Apache-2.0
"""`ssh:` of `cluster.yaml`: who logs in to nodes and head, and how."""

from __future__ import annotations

from pydantic import Field

from builder.recipe.strict import Strict


class SshModel(Strict):
    """How nodes and head are logged in to. Files are relative to the project."""

    known_hosts: str = Field(
        "known_hosts",
        min_length=1,
        description="host keys, by name or address, as publishing writes them; no other key is accepted."
        " Verbs that speak with nodebake-head go by your own ~/.ssh/known_hosts",
    )
    key: str | None = Field(
        None, description="the private key; else, and at the head besides, ssh's agent and usual keys"
    )
    user: str = Field("admin", min_length=1, description="who logs in to nodes")
    port: int = Field(22, ge=1, le=65535, description="the port of ssh on nodes and head")
    timeout: float = Field(10.0, gt=0, description="seconds to wait for a connection or a login")
    through_head: bool = Field(False, description="nodes and control plane are reached by way of the head")
    poweroff: str = Field(
        "sudo -n systemctl poweroff", min_length=1, description="the command that shuts down"
    )
