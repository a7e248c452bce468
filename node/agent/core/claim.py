"""NFSv3 has no leases: a claim takes the lock's place, and a weaker rule applies. The file `claim` holds a text of one
lease process alone. Whoever finds that neither claim nor records have changed for `claim_time`, or that the last owner has
released the lease and nobody claims it yet, writes its own; if that one stands untouched for another `claim_time`, it has
the lease. An owner reads the claim back with each record, and so finds out in time."""

from collections.abc import Generator
from typing import Union

from .files import FileError, FileOperation, Outcome, Put, Read
from .record import NOTE_BYTES, Claim, NoRecord, Record

CLAIM = "claim"


class Claims:
    def __init__(self, node: str, token: str, claim_time: int) -> None:
        self.node = node
        self.own = f"{node} {token}\n".encode()
        self.claim_time = claim_time
        self.forget()

    def forget(self) -> None:
        self.claimed = 0
        """When this process's claim was on the server; 0: it is not."""
        self.seen: tuple[bytes, Union[Record, NoRecord]] = (b"", NoRecord.EMPTY)
        self.since = -1
        """Since when nothing has changed; -1: not looked at yet."""

    def read(self) -> Generator[FileOperation, Outcome, bytes]:
        content = yield Read(CLAIM, NOTE_BYTES)
        return content if isinstance(content, bytes) else b""

    def step(self, record: Union[Record, NoRecord], epoch: int, now: int) -> Generator[FileOperation, Outcome, bool]:
        """One look, and the next step towards the lease; whether it is this process's now."""
        standing = yield from self.read()
        if self.since < 0 or (standing, record) != self.seen:
            self.seen, self.since = (standing, record), now
        if standing == self.own and self.claimed:
            return now - self.claimed > self.claim_time
        if self.free(standing, record, epoch) or now - self.since > self.claim_time:
            yield Put(CLAIM, self.own)
            self.claimed = now
            self.seen, self.since = (self.own, record), now
        return False

    def free(self, standing: bytes, record: Union[Record, NoRecord], epoch: int) -> bool:
        """Nobody has ever had the lease, or its last owner released it and nobody has claimed it since."""
        if not isinstance(record, Record):
            return record is NoRecord.EMPTY and not epoch and not standing
        return record.claim is Claim.RELEASED and record.epoch == epoch and standing.split(b" ")[0] == record.node.encode()

    def check(self) -> Generator[FileOperation, Outcome, None]:
        standing = yield from self.read()
        if standing != self.own:
            other = standing.split(b" ")[0][:64].decode("ascii", "replace")
            raise FileError(f"{other or 'nobody'} claims the lease")
