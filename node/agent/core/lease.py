"""The lease process's logic: what it asks of the server for each request, and what it makes of the answers.

The only process of a node that touches the lease directory, so that NFS, when it hangs, hangs this one and nothing else.
It outlives the agent: the lock lasts as long as this process. Files:

    lease        the record (record.py); whoever has the lease has it locked, and writes through that descriptor alone
    epoch        number of the last owner; locked and written the same way
    node.NAME    what a node says of itself (presence.py)
    claim        with NFSv3 only, where there are no locks
    successor, fence.*   with a helper on the server, which can cut nodes off (fencing.py)

Only who has the lease keeps files open for writing: of a file that somebody on its own node may write the NFS client
takes what it remembers for current.
"""

from collections.abc import Generator
from typing import Optional, Union

from .claim import Claims
from .fencing import Fencing
from .files import Close, FileError, FileOperation, Flock, Open, Outcome, Pwrite, Read, Stamp
from .lease_requests import CutOff, Look, NoteClean, Request, Take, Write
from .observation import LeaseView
from .presence import Presences
from .record import FORMER_BYTES, RECORD_BYTES, Claim, NoRecord, Record, decode, decode_epoch, encode, encode_epoch

Steps = Generator[FileOperation, Outcome, None]

LEASE, EPOCH = "lease", "epoch"


def goes_on(before: Union[Record, NoRecord], record: Union[Record, NoRecord]) -> bool:
    """Another heartbeat of the same owner, which means to keep the lease."""
    return (
        isinstance(before, Record)
        and isinstance(record, Record)
        and (record.epoch, record.node, record.boot) == (before.epoch, before.node, before.boot)
        and record.claim in (Claim.STARTING, Claim.ACTIVE)
    )


class LeaseProcess:
    """One of these in each lease process. `view` is what the agent is told after each request, and when it connects.

        steps = process.handle(request)      # then carry out one operation after the other:
        operation = next(steps)              #   operation = steps.send(outcome), or steps.throw(FileError(words))
                                             # until StopIteration; the answer is process.view

    `alive` and `pending` of the view are the agent's edge's to set. With `claim_time` above 0 (NFSv3, milliseconds)
    claims take the place of locks; `token` tells this process's claim from all others.
    """

    def __init__(self, node: str, peers: tuple[str, ...], token: str, claim_time: int = 0) -> None:
        self.view = LeaseView(alive=True)
        self.node = node
        self.presences = Presences(node, peers)
        self.claims: Optional[Claims] = Claims(node, token, claim_time) if claim_time else None
        self.fencing = Fencing(node, token)
        self.opened = False
        self.stamp = ""
        """What the file of the epoch was like when it was last read."""
        self.half_epoch = False
        """The file of the epoch was left half written."""
        self.content = b""
        """What lay in the file of the record when it was last read: `view.record` says what it means."""
        self.asked = 0
        """When the last confirmed heartbeat was sent that the agent asked for, `boot`."""

    def handle(self, request: Request) -> Steps:
        """Never raises; what goes wrong is in `view.error`, and then the lock is gone if the request needed it."""
        try:
            if isinstance(request, Look):
                yield from self.look(request)
            elif isinstance(request, NoteClean):
                noted = yield from self.presences.note(request.epoch)
                self.view = self.view._replace(noted=request.epoch if noted else self.view.noted, unsaid=self.presences.unsaid)
            elif isinstance(request, Take):
                yield from self.take(request.record, request.sent)
            elif isinstance(request, Write):
                yield from self.write(request.record, request.sent)
            elif isinstance(request, CutOff):
                yield from self.cut_off(request)
            else:
                yield from self.lock(request.sent)
        except FileError as error:
            self.view = self.view._replace(error=str(error) or "an error without words")
            if not isinstance(request, (Look, NoteClean)):
                yield from self.drop()
            return
        if isinstance(request, (Take, Write)):
            self.asked = request.sent
        self.view = self.view._replace(error="", answered=request.sent)

    def until_beat(self, now: int, heartbeat: int, alone: int) -> Optional[int]:
        """Milliseconds until a heartbeat is to be sent in the agent's place; None: none is. The service runs, and the agent is
        late or is being replaced by another one: for `alone` milliseconds that is no reason to lose the lease."""
        record = self.view.confirmed
        due = max(self.view.sent + heartbeat * 3 // 2, now)
        if not heartbeat or record is None or record.claim is not Claim.ACTIVE or due - self.asked > alone:
            return None
        return due - now

    def beat(self, sent: int) -> Steps:
        """One more heartbeat like the last one. Never raises, as `handle`."""
        record = self.view.confirmed
        if record is None:
            return
        try:
            yield from self.write(record, sent)
        except FileError as error:
            self.view = self.view._replace(error=str(error) or "an error without words")
            yield from self.drop()

    def cut_off(self, request: CutOff) -> Steps:
        """Whatever is wrong with the helper, the lock is tried for: then the timers decide."""
        if not self.claims:
            try:
                yield from self.fencing.ask(request.last, request.sent)
            except FileError as error:
                self.fencing.words = str(error) or "an error without words"
            self.view = self.view._replace(fenced=self.fencing.done, fence_words=self.fencing.words)
        if self.view.locked:
            yield from self.read_news()
        else:
            yield from self.lock(request.sent)

    def drop(self) -> Steps:
        """Lets go of everything. The edge also calls it for `Drop`; a process that hangs is killed instead."""
        yield from self.fencing.end()
        yield from self.let_go()

    def let_go(self) -> Steps:
        """Of the lease; the successor's lock stays, if it is held."""
        if self.opened:
            yield Close(EPOCH)
            yield Close(LEASE)
            self.opened = False
        if self.claims:
            self.claims.forget()
        self.stamp = ""
        fencing = self.fencing
        self.view = self.view._replace(locked=False, confirmed=None, sent=0, fenced=fencing.done, fence_words=fencing.words)

    def look(self, request: Look) -> Steps:
        if self.view.confirmed is None:
            yield from self.read_news()
            yield from self.presences.say(request.fit, request.vip, request.sent)
            self.view = self.view._replace(unsaid=self.presences.unsaid)
        if not self.view.locked:
            yield from self.fencing.end()
            self.view = self.view._replace(fenced=0, fence_words="")
        if request.storage:
            barred = yield from self.fencing.look(request.sent)
            own = yield from self.presences.begin()
            self.view = self.view._replace(barred=barred, helper=self.fencing.seen, noted=own.clean)
        if request.around:
            peers = yield from self.presences.look(request.sent)
            self.view = self.view._replace(peers=peers)

    def read_news(self) -> Steps:
        """An owner whose heartbeats go on is the last one, and has not cleaned up after itself: nothing else is looked at."""
        before = self.view.record
        record = yield from self.read_record()
        known = isinstance(record, Record) and record.epoch == self.view.epoch and not self.half_epoch
        if known and record != before and goes_on(before, record):
            self.view = self.view._replace(record=record, clean=0)
        else:
            yield from self.read_rest(record)

    def read_all(self) -> Steps:
        """Record, epoch, and whether the record's owner has cleaned up by itself."""
        record = yield from self.read_record()
        yield from self.read_rest(record)

    def read_record(self) -> Generator[FileOperation, Outcome, Union[Record, NoRecord]]:
        content = yield Read(LEASE, FORMER_BYTES)
        if not isinstance(content, bytes):
            content = b""
        record = self.view.record if content == self.content else decode(content)
        self.content = content
        return record

    def read_rest(self, record: Union[Record, NoRecord]) -> Steps:
        epoch = yield from self.read_epoch(record)
        clean = 0
        if isinstance(record, Record) and record.claim is not Claim.RELEASED and record.node != self.node:
            clean = yield from self.presences.clean_epoch(record.node)
        self.view = self.view._replace(record=record, epoch=epoch, clean=clean)

    def read_epoch(self, record: Union[Record, NoRecord]) -> Generator[FileOperation, Outcome, int]:
        content = yield Read(EPOCH, RECORD_BYTES)
        epoch = decode_epoch(content) if isinstance(content, bytes) else 0
        self.half_epoch = epoch is None
        if epoch is None:
            # Half-written, or somebody's garbage. The record was synced before it.
            if not isinstance(record, Record):
                raise FileError(f"neither `{EPOCH}` nor `{LEASE}` of the lease directory can be understood")
            epoch = record.epoch
        return epoch

    def lock(self, sent: int) -> Steps:
        if self.view.locked:
            return
        if self.claims:
            yield from self.read_all()
            if not (yield from self.claims.step(self.view.record, self.view.epoch, sent)):
                return
            self.opened = True
            yield Open(LEASE)
            yield Open(EPOCH)
        else:
            self.opened = True
            for name in (LEASE, EPOCH):
                yield Open(name)
                if (yield Flock(name)) is not True:
                    yield from self.let_go()
                    yield from self.read_all()
                    return
        # What is read now nobody changes any more.
        yield from self.read_all()
        yield from self.mend_epoch()
        own = yield from self.presences.begin()
        self.view = self.view._replace(locked=True, noted=own.clean)

    def mend_epoch(self) -> Steps:
        """Before a new record: if that is left half written too, nobody would know the epoch."""
        if self.half_epoch:
            yield Pwrite(EPOCH, encode_epoch(self.view.epoch))
            self.half_epoch = False

    def take(self, record: Record, sent: int) -> Steps:
        own = yield from self.presences.begin()
        if own.clean >= record.epoch:
            raise FileError(f"this node has noted epoch {own.clean} as clean, and asks for {record.epoch}")
        content = yield from self.put_record(record)
        yield Pwrite(EPOCH, encode_epoch(record.epoch))
        yield from self.confirm(record, content, sent)

    def write(self, record: Record, sent: int) -> Steps:
        """Peers go by the number: an agent may not know how many were sent in its place."""
        last = self.view.confirmed
        if last and last.epoch == record.epoch and last.sequence >= record.sequence:
            record = record._replace(sequence=last.sequence + 1)
        # The next one who asks for that goes by this owner's heartbeats.
        yield from self.fencing.end()
        content = yield from self.put_record(record)
        yield from self.confirm(record, content, sent)

    def put_record(self, record: Record) -> Generator[FileOperation, Outcome, bytes]:
        if not self.view.locked:
            raise FileError("the lock is not held")
        if self.claims:
            yield from self.claims.check()
        content = encode(record)
        yield Pwrite(LEASE, content)
        return content

    def confirm(self, record: Record, content: bytes, sent: int) -> Steps:
        """The epoch is read only if its file has changed: that opens it, and a server that was just started lets nobody
        open a file for a while."""
        if self.claims:
            yield from self.claims.check()
        stamp = yield Stamp(EPOCH)
        epoch = self.view.epoch
        if not isinstance(stamp, str) or not stamp or stamp != self.stamp:
            epoch = yield from self.read_epoch(record)
            self.stamp = stamp if isinstance(stamp, str) else ""
        self.content = content
        self.view = self.view._replace(epoch=epoch, confirmed=record, sent=sent, record=record)
