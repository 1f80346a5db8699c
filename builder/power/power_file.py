# SPDX-License-Identifier: Apache-2.0
"""Under `power:` of cluster.yaml, beside the drivers: how nodes are started and watched."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from builder.recipe.strict import Strict


class SequenceModel(Strict):
    """How many nodes are switched at once, and how long everything may take. Times are seconds."""

    stagger: float = Field(2.0, ge=0, description="pause between batches of nodes that are switched on")
    batch: int = Field(1, ge=1, description="nodes that are switched on together")
    up: Literal["ssh", "dhcp"] = Field(
        "ssh", description="what says that a node is up: its ssh answers, or its kernel took an address"
    )
    loads_within: float = Field(60.0, gt=0, description="time until the log must show a node fetch files")
    up_within: float = Field(240.0, gt=0, description="time until a node must be up")
    cycles: int = Field(2, ge=0, description="how often the power of one that is not is cycled")
    off_for: float = Field(5.0, ge=0, description="how long the power is off in a cycle")
    confirm_within: float = Field(5.0, ge=0, description="time until the state must be what was asked for")
    down_within: float = Field(90.0, gt=0, description="time that a shutdown may take; then the power is cut")
    settle: float = Field(10.0, ge=0, description="time from the end of ssh to the cut of the power")


class LogModel(Strict):
    """Where dnsmasq's log is, as seen from where nodebake runs."""

    file: str | None = Field(None, description="a file, as in `/var/log/dnsmasq.log`")
    unit: str | None = Field(
        None, pattern=r"^[A-Za-z0-9@_.:-]+$", description="a unit, whose journal is followed: `dnsmasq`"
    )
    on_head: bool = Field(False, description="it is on the head, and is read there over ssh")

    @model_validator(mode="after")
    def _one(self) -> LogModel:
        if (self.file is None) == (self.unit is None):
            raise ValueError("wants `file` or `unit`, and one of them")
        return self


class PowerModel(Strict):
    """What is not a driver. Every other key under `power:` is the name of one."""

    sequence: SequenceModel = Field(SequenceModel(), description="order and times")
    log: LogModel | None = Field(None, description="dnsmasq's log, to see nodes boot")

    @model_validator(mode="after")
    def _seen(self) -> PowerModel:
        if self.sequence.up == "dhcp" and self.log is None:
            raise ValueError("`up: dhcp` wants a `log`")
        return self
