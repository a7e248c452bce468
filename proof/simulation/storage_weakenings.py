"""Rules of storage fencing that are taken out: of the server, of its helper, of who asks it, and of the way back."""

from __future__ import annotations

from agent.core import candidate, requests
from agent.core.record import Record
from agent.core.state import Contending, Waiting
from agent.core.turn import Turn
from fencer import core as helper

from . import weaker
from .server import Server
from .weakening import Weakening


def suspects_always(turn: Turn) -> Record | None:
    last = candidate.last_heartbeat(turn)
    waits = isinstance(turn.phase, (Contending, Waiting)) and turn.settings.storage_fence and not candidate.cut_off(turn)
    return last if waits and last and last.node != turn.settings.node and candidate.last_owner_may_write(turn) else None


def cut_off_some_time(turn: Turn) -> bool:
    return turn.see.lease.fenced > 0


STORAGE_WEAKENINGS = (
    Weakening(
        "storage-lies",
        "the NFS server says that a node is cut off, and has done nothing",
        "I1",
        lambda: [(Server, "cut_off", lambda *_: None)],
    ),
    Weakening(
        "storage-keeps-access",
        "the NFS server expires a client, and does not take its access away",
        "I1",
        lambda: [(Server, "cut_off", Server.take_away)],
    ),
    Weakening(
        "storage-lets-in",
        "a node that was cut off is let in again at once",
        "I1",
        lambda: [(helper, "may_return", lambda *_: True)],
    ),
    Weakening(
        "cuts-off-the-living",
        "an owner whose heartbeats come is cut off",
        "",
        lambda: weaker.everywhere(candidate.suspect, suspects_always),
    ),
    Weakening(
        "any-answer",
        "that some owner is cut off counts for any other",
        "test_an_answer_about_another_owner_counts_for_nothing",
        lambda: weaker.everywhere(candidate.cut_off, cut_off_some_time),
    ),
    Weakening(
        "let-in-unshown",
        "a node that was cut off says that it has cleaned up while its data is still used",
        "test_a_node_that_is_cut_off_says_that_it_is_clean_only_when_nothing_of_it_runs",
        lambda: weaker.everywhere(requests.unnoted, lambda turn: turn.see.lease.barred),
    ),
)
