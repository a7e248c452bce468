"""What the decisions of an agent without a lease are made from, and what they are. No clock, no edges."""

from __future__ import annotations

import enum
from typing import NamedTuple, Union

from ..core.observation import Ending, Orders


class Answer(NamedTuple):
    """To a check, by the numbers of VIP and check in the plan."""

    vip: int
    check: int
    good: bool
    words: str = ""


class Moved(NamedTuple):
    """The units of a VIP were started or stopped; `words`: why they were not."""

    vip: int
    start: bool
    words: str = ""


class Observation(NamedTuple):
    """All of it; `answers` and `moved` are what is new since the last one."""

    held: frozenset[int] = frozenset()
    """VIPs that are on an interface of this node."""
    answers: tuple[Answer, ...] = ()
    moved: tuple[Moved, ...] = ()
    orders: Orders = Orders()
    ending: Ending = Ending.NO


class CheckState(NamedTuple):
    good: bool | None = None
    """None: there was no answer yet."""
    against: int = 0
    """Answers in a row that say something else."""
    heard: int = 0
    """When the last answer came, or the check was begun; `mono`."""
    words: str = ""
    """Of the last bad answer."""


class Units(enum.Enum):
    """How the units of a VIP stand, as far as this agent has seen to it."""

    UNKNOWN = "unknown"
    STARTING = "starting"
    STARTED = "started"
    STOPPING = "stopping"
    STOPPED = "stopped"


#: Nothing is asked of them meanwhile.
MOVING = (Units.STARTING, Units.STOPPING)


class VipState(NamedTuple):
    checks: tuple[CheckState, ...]
    held: bool = False
    since: int = 0
    """Since when it is so, `mono`."""
    units: Units = Units.UNKNOWN
    tried: int = 0
    """When they could not be started or stopped, `mono`; 0: never."""
    refused_until: int = 0
    """`mono`; what is started with the VIP failed here, as `refused` says."""
    refused: str = ""
    fit: bool = False
    """As keepalived was last told."""
    less: int = 0
    """So much less the priority of this node is; as keepalived was last told."""
    reason: str = ""
    """Why it is not fit, or has a lesser priority."""


class State(NamedTuple):
    vips: tuple[VipState, ...]
    began: int
    """`mono`."""
    fresh: bool
    """No agent ran here before in this boot."""


class SetTrack(NamedTuple):
    """Whether keepalived may have the VIP here, and how much less this node's priority for it is."""

    vip: int
    fit: bool
    less: int


class MoveUnits(NamedTuple):
    """Start the units of a VIP, in their order, or stop them, the other way round."""

    vip: int
    start: bool


class Say(NamedTuple):
    kind: str
    text: str


Action = Union[SetTrack, MoveUnits, Say]
