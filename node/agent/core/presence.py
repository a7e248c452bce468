"""What each node says of itself in a file of its own, `node.NAME`: no lock is needed for it, and it gives no right."""

from collections.abc import Generator
from typing import NamedTuple, Optional

from .files import FileOperation, FullError, Outcome, Put, Read
from .observation import Peer
from .record import NOTE_BYTES, checksum, number

#: Its file is written anew when something in it changes, and after so many milliseconds.
EVERY = 5_000


class Presence(NamedTuple):
    fit: bool
    vip: bool
    clean: int
    """After this epoch it has cleaned up by itself; 0: never."""
    serial: int
    """Grows with each writing."""


def encode(presence: Presence) -> bytes:
    words = f"{presence.fit:d} {presence.vip:d} {presence.clean} {presence.serial}"
    return f"{words} {checksum(words)}\n".encode()


def decode(content: bytes) -> Optional[Presence]:
    """None if it cannot be understood. Never raises."""
    if len(content) > NOTE_BYTES:
        return None
    words, _, total = content.decode("ascii", "replace").strip().rpartition(" ")
    parts = words.split(" ")
    if total != checksum(words) or len(parts) != 4 or parts[0] not in ("0", "1") or parts[1] not in ("0", "1"):
        return None
    clean, serial = number(parts[2]), number(parts[3])
    if clean is None or serial is None:
        return None
    return Presence(parts[0] == "1", parts[1] == "1", clean, serial)


class Presences:
    """This node's, and the peers'."""

    def __init__(self, node: str, peers: tuple[str, ...]) -> None:
        self.node = node
        self.peers = peers
        self.own: Optional[Presence] = None
        self.written = 0
        self.unsaid = ""
        self.seen: dict[str, tuple[Presence, int]] = {}

    def begin(self) -> Generator[FileOperation, Outcome, Presence]:
        """What an earlier process of this node wrote holds on."""
        if self.own is None:
            content = yield Read(f"node.{self.node}", NOTE_BYTES)
            before = decode(content) if isinstance(content, bytes) else None
            self.own = before or Presence(False, False, 0, 0)
        return self.own

    def say(self, fit: bool, vip: bool, now: int) -> Generator[FileOperation, Outcome, None]:
        """Where there is no room for it the peers do not know; that is no reason not to take over from one of them."""
        own = yield from self.begin()
        if own.fit == fit and own.vip == vip and self.written and now - self.written < EVERY:
            return
        self.own = Presence(fit, vip, own.clean, own.serial + 1)
        self.written = now
        yield from self.put(self.own)

    def note(self, epoch: int) -> Generator[FileOperation, Outcome, bool]:
        """Whether it is noted; it is not if there is no room for it."""
        own = yield from self.begin()
        noted = own._replace(clean=epoch, serial=own.serial + 1)
        if own.clean != epoch and (yield from self.put(noted)):
            self.own = own = noted
        return own.clean == epoch

    def put(self, presence: Presence) -> Generator[FileOperation, Outcome, bool]:
        self.unsaid = ""
        try:
            yield Put(f"node.{self.node}", encode(presence))
        except FullError as full:
            self.unsaid = str(full) or "no room"
        return not self.unsaid

    def clean_epoch(self, node: str) -> Generator[FileOperation, Outcome, int]:
        content = yield Read(f"node.{node}", NOTE_BYTES)
        presence = decode(content) if isinstance(content, bytes) else None
        return presence.clean if presence else 0

    def look(self, now: int) -> Generator[FileOperation, Outcome, tuple[Peer, ...]]:
        found = []
        for node in self.peers:
            content = yield Read(f"node.{node}", NOTE_BYTES)
            presence = decode(content) if isinstance(content, bytes) else None
            if presence is None:
                continue
            before = self.seen.get(node)
            if before is None or before[0] != presence:
                # The first look says nothing of its age: only a change does.
                self.seen[node] = (presence, now if before else now - 2 * EVERY)
            found.append(Peer(node, presence.fit, presence.vip, now - self.seen[node][1]))
        return tuple(found)
