"""What nodes and the NFS server's helper write to each other in the lease directory, and how it is read back: all of it is input.

    successor            a lock file: whoever has another node cut off holds it
    fence.ask.NODE       NODE asks for the owner of that heartbeat to be cut off
    fence.answer.NODE    what came of it
    fence.barred.NODE    NODE is cut off since it was the owner of that epoch
    fence.alive          changes as long as the helper goes round

A line with a sum at its end, as all small files there: docs/storage-fencing.md.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .record import NODE_NAME, NOTE_BYTES, checksum, number

SUCCESSOR, ALIVE = "successor", "fence.alive"

NONCE = re.compile(r"[A-Za-z0-9.-]{1,64}")
#: Characters of an answer's words: with all else of it they stay below NOTE_BYTES.
LONGEST_WORDS = 80


def ask_name(node: str) -> str:
    return f"fence.ask.{node}"


def answer_name(node: str) -> str:
    return f"fence.answer.{node}"


def barred_name(node: str) -> str:
    return f"fence.barred.{node}"


class Ask(NamedTuple):
    """Cut the owner off whose last heartbeat is this one. Where it has sent another one by then, nothing is done."""

    nonce: str
    """Another one with each question: an answer is to one of them alone."""
    node: str
    """The owner."""
    epoch: int
    sequence: int


class Answer(NamedTuple):
    nonce: str
    done: bool
    """It is certain that the owner of `epoch` can write nothing any more."""
    epoch: int
    words: str
    """What was done, or why not."""


def encode_ask(ask: Ask) -> bytes:
    return _line(f"{ask.nonce} {ask.node} {ask.epoch} {ask.sequence}")


def decode_ask(content: bytes) -> Ask | None:
    """None for anything else. Never raises, as all of these."""
    parts = (_words(content) or "").split(" ")
    if len(parts) != 4 or not NONCE.fullmatch(parts[0]) or not NODE_NAME.fullmatch(parts[1]):
        return None
    epoch, sequence = number(parts[2]), number(parts[3])
    return Ask(parts[0], parts[1], epoch, sequence) if epoch and sequence is not None else None


def encode_answer(answer: Answer) -> bytes:
    words = re.sub(r"[^ -~]", "?", answer.words)[:LONGEST_WORDS].strip()
    return _line(f"{answer.nonce} {'done' if answer.done else 'not'} {answer.epoch} {words}")


def decode_answer(content: bytes) -> Answer | None:
    parts = (_words(content) or "").split(" ", 3)
    if len(parts) != 4 or not NONCE.fullmatch(parts[0]) or parts[1] not in ("done", "not"):
        return None
    epoch = number(parts[2])
    return Answer(parts[0], parts[1] == "done", epoch, parts[3]) if epoch is not None else None


def encode_number(value: int) -> bytes:
    """For `fence.barred.NODE` and `fence.alive`."""
    return _line(str(value))


def decode_number(content: bytes) -> int:
    """0 for anything else."""
    return number(_words(content) or "") or 0


def _line(words: str) -> bytes:
    return f"{words} {checksum(words)}\n".encode("ascii", "replace")


def _words(content: bytes) -> str | None:
    """Without the sum; None if that is wrong."""
    if len(content) > NOTE_BYTES:
        return None
    words, _, total = content.decode("ascii", "replace").rstrip("\n").rpartition(" ")
    return words if total == checksum(words) else None
