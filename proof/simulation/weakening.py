"""What a weakening is."""

from __future__ import annotations

from typing import Callable, NamedTuple

from . import weaker


class Weakening(NamedTuple):
    name: str
    what: str
    found: str
    """By which: the invariant (I) or promise (P) that the simulation sees broken (empty: any of them), or the name of a test in
    test/agent/core_*_test.py."""
    patch: Callable[[], weaker.Patch]
