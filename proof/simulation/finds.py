"""What the simulation has found in the core, each as a short schedule: none of it may come back."""

from __future__ import annotations

from typing import NamedTuple

from .fault import Fault


class Find(NamedTuple):
    what: str
    weakening: str
    """Without this rule it is back; empty: by now two rules cover it."""
    seed: int
    nodes: int
    faults: tuple[Fault, ...]


OWNER = -1

FINDS = (
    Find(
        "a lock that was granted when nobody wanted it any more was kept for ever",
        "keeps-lock",
        1,
        2,
        (Fault(7_004, "keepalived dies", OWNER, 2_000, 0), Fault(7_668, "the NFS server is down", 0, 9_600, 1)),
    ),
    Find(
        "a node that stood still while it waited with the lock believed that it still had it",
        "",
        3,
        2,
        (Fault(7_758, "lease lost, nothing can be killed", OWNER, 1_000, 0), Fault(8_883, "paused", 0, 20_100, 0)),
    ),
    Find(
        "a candidate kept the VIP while a server that was just started let only the owner go on",
        "",
        3,
        2,
        (Fault(6_000, "keepalived dies", OWNER, 500, 0), Fault(7_000, "the NFS server is down", 0, 500, 1)),
    ),
    Find(
        "what a service acknowledged while it was being stopped was undone",
        "left-unnoted",
        1,
        2,
        (
            Fault(7_356, "Docker down", OWNER, 13_200, 0),
            Fault(8_789, "upgrade", 1, 2_800, 3),
            Fault(10_913, "Docker slow", OWNER, 1_500, 3_000),
        ),
    ),
    Find(
        "an agent that was started anew in a pause mounted the data and started the service",
        "adopts-in-pause",
        1,
        2,
        (
            Fault(6_000, "pause", 0, 21_000, 0),
            Fault(14_000, "container dies", OWNER, 500, 0),
            Fault(19_000, "agent updated", OWNER, 500, 0),
        ),
    ),
    Find(
        "a machine that was paused wrote late into its successor's data",
        "no-clone",
        2,
        2,
        (Fault(14_000, "paused", OWNER, 10_000, 0),),
    ),
)
