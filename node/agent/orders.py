"""What operators want of this node. Lasting orders are a file on disk that the command line writes and the agent reads at
its start only; the rest lasts as long as this boot, in /run."""

import json
import os
from typing import Any, Optional

from .clock import boot_ms
from .core.observation import Orders, Work
from .files import Page, read_page, read_small, write_whole

#: Orders with a reason that last until they are taken back.
LASTING = ("paused", "stopped", "banned")
_LONGEST = 16 << 10
#: Characters of a reason.
LONGEST_REASON = 300
#: Milliseconds for which an operator's word that a node is off counts.
WORD_LASTS = 600_000


def orders_file(state: str) -> str:
    return os.path.join(state, "orders.json")


def read_lasting(state: str) -> "dict[str, str]":
    """`paused`, `stopped`, `banned`: reasons; `prefer`: a node's name. Empty for what was not ordered, or is unreadable."""
    try:
        told = json.loads(read_small(orders_file(state), _LONGEST))
    except (OSError, ValueError, RecursionError):
        told = {}
    return known(told)


def known(told: Any) -> "dict[str, str]":
    told = told if isinstance(told, dict) else {}
    return {name: str(told.get(name, ""))[:LONGEST_REASON] for name in (*LASTING, "prefer")}


def write_lasting(state: str, told: "dict[str, str]") -> None:
    os.makedirs(state, mode=0o755, exist_ok=True)
    write_whole(orders_file(state), json.dumps(known(told)).encode(), synced=True)


class OrderBook:
    """Of a running agent. `leave`: a page in /run, so that a new agent knows it, too."""

    def __init__(self, lasting: "dict[str, str]", leave: str) -> None:
        self._lasting = known(lasting)
        self._page = Page(leave)
        self._leave_until, self._leave_reason = _read_leave(leave)
        self._off: dict[str, int] = {}  # until when, `boot`
        self._forget = 0
        self.work: Optional[Work] = None

    def set_lasting(self, told: Any) -> None:
        self._lasting = known(told)

    def leave(self, seconds: float, reason: str) -> None:
        """Hand over, and refuse the VIP for so long; 0: no longer."""
        self._leave_until = boot_ms() + int(seconds * 1000) if seconds else 0
        self._leave_reason = reason[:LONGEST_REASON] or "told to hand over"
        self._page.write(json.dumps({"until": self._leave_until, "reason": self._leave_reason}).encode())

    def off(self, node: str) -> None:
        """An operator's word for it. It counts once, and not for long."""
        self._off[node] = boot_ms() + WORD_LASTS

    def on(self, node: str) -> None:
        """That node was seen to live, or its word was taken."""
        self._off.pop(node, None)

    def taken(self) -> None:
        """This node has become the owner: all words are used up."""
        self._off.clear()

    def forget_failures(self) -> None:
        self._forget += 1

    def orders(self) -> Orders:
        leave = self._leave_reason if self._leave_until and boot_ms() < self._leave_until else ""
        lasting = self._lasting
        off = frozenset(node for node, until in self._off.items() if boot_ms() < until) if self._off else frozenset()
        return Orders(
            lasting["paused"], lasting["stopped"], leave, lasting["banned"], lasting["prefer"], self.work, off, self._forget
        )


def _read_leave(path: str) -> "tuple[int, str]":
    try:
        told = json.loads(read_page(path) or b"{}")
        return int(told.get("until", 0)), str(told.get("reason", ""))
    except (OSError, ValueError, AttributeError, RecursionError):
        return 0, ""
