"""What a fault is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from .machine import Machine
    from .world import World


class Fault(NamedTuple):
    at: int
    kind: str
    node: int
    """Its number; -1: the owner's at that time."""
    lasts: int
    pick: int
    """Any number: what is left to choose."""


Act = Callable[["World", "Machine", Fault], None]
