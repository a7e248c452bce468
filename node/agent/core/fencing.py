"""The lease process's part in having the NFS server cut a node off: it holds the successor's lock, asks, and reads the answer."""

from collections.abc import Generator
from typing import Optional

from .fence_mail import (
    ALIVE,
    SUCCESSOR,
    Ask,
    answer_name,
    ask_name,
    barred_name,
    decode_answer,
    decode_number,
    encode_ask,
)
from .files import Close, FileOperation, Flock, FullError, Open, Outcome, Put, Read
from .record import NOTE_BYTES, Record

Steps = Generator[FileOperation, Outcome, None]

#: What was not done is asked for anew after so many milliseconds.
AGAIN = 2_000


class Fencing:
    """`token` tells this process's questions from all others."""

    def __init__(self, node: str, token: str) -> None:
        self.node = node
        self.token = token
        self.number = 0
        self.opened = False
        """The successor's lock is held."""
        self.asked: Optional[tuple[Ask, int]] = None
        """What was asked, and when, `boot`."""
        self.done = 0
        """The owner of this epoch is cut off, by the server's word; 0: none is."""
        self.words = ""
        self.seen = 0
        """When the helper was last seen to go round, `boot`."""
        self.alive = b""

    def ask(self, last: Record, now: int) -> Steps:
        """Asks, or looks for the answer. Only who has the successor's lock is heard."""
        if self.done == last.epoch:
            return
        if not (yield from self.lock()):
            self.words = "another node has asked for it"
            return
        if not self.is_asked(last, now):
            self.number += 1
            ask = Ask(f"{self.token}.{self.number}", last.node, last.epoch, last.sequence)
            try:
                yield Put(ask_name(self.node), encode_ask(ask))
            except FullError as full:
                self.words = str(full) or "no room"
                return
            self.asked, self.words = (ask, now), ""
        assert self.asked
        ask, _ = self.asked
        content = yield Read(answer_name(self.node), NOTE_BYTES)
        answer = decode_answer(content) if isinstance(content, bytes) else None
        # An answer to an earlier question says nothing.
        if answer and answer.nonce == ask.nonce and answer.epoch == ask.epoch:
            self.words = answer.words
            self.done = ask.epoch if answer.done else 0

    def is_asked(self, last: Record, now: int) -> bool:
        if self.asked is None:
            return False
        ask, when = self.asked
        same = (ask.node, ask.epoch, ask.sequence) == (last.node, last.epoch, last.sequence)
        return same and not (self.words and now - when >= AGAIN)

    def lock(self) -> Generator[FileOperation, Outcome, bool]:
        if not self.opened:
            self.opened = True
            yield Open(SUCCESSOR)
            if (yield Flock(SUCCESSOR)) is not True:
                yield from self.end()
                return False
        return True

    def end(self) -> Steps:
        """Nobody is to be cut off any more, or it is over."""
        if self.opened:
            yield Close(SUCCESSOR)
        self.opened, self.asked, self.done, self.words = False, None, 0, ""

    def look(self, now: int) -> Generator[FileOperation, Outcome, int]:
        """Since which epoch this node itself is cut off; 0: it is not. And whether the helper goes round."""
        content = yield Read(ALIVE, NOTE_BYTES)
        alive = content if isinstance(content, bytes) else b""
        if alive != self.alive:
            # What is seen for the first time may be of any age.
            self.seen = now if self.alive else self.seen
            self.alive = alive
        content = yield Read(barred_name(self.node), NOTE_BYTES)
        return decode_number(content) if isinstance(content, bytes) else 0
