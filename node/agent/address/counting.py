"""What the answers to a check come to. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .plan import Check
from .state import Answer, CheckState


def counted(state: CheckState, check: Check, answers: Iterable[Answer], now: int) -> CheckState:
    """The first answer counts at once, each further one as often as the check says; and silence counts as bad."""
    for answer in answers:
        state = _one(state, check, answer, now)
    if now - state.heard > check.patience:
        words = f"{check.shown} has not been answered for {(now - state.heard) // 1000} s"
        return state._replace(good=False, against=0, words=words)
    return state


def _one(state: CheckState, check: Check, answer: Answer, now: int) -> CheckState:
    words = f"{check.shown}: {answer.words}" if not answer.good else state.words
    state = state._replace(heard=now, words=words)
    if answer.good is state.good:
        return state._replace(against=0)
    against = state.against + 1
    enough = 1 if state.good is None else (check.rise if answer.good else check.fall)
    return state._replace(good=answer.good, against=0) if against >= enough else state._replace(against=against)
