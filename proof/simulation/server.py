"""A simulated NFS server: files, locks, leases, courtesy, grace, restarts with and without its state."""

from __future__ import annotations

from agent.core.files import Close, FileError, FileOperation, Flock, Open, Outcome, Put, Pwrite, Read, Stamp
from agent.core.record import RECORD_BYTES, decode_epoch


class WaitError(Exception):
    """The server does not answer this before then; a client waits for it in the kernel."""

    def __init__(self, until: int) -> None:
        super().__init__(until)
        self.until = until


class Server:
    """Clients are nodes, by number. Times are the simulation's own, milliseconds."""

    def __init__(self, clients: int, lease_time: int, grace_time: int, courteous: bool, locking: bool) -> None:
        self.lease_time = lease_time
        self.grace_time = grace_time
        self.locking = locking
        """False: NFSv3, with claims in the place of locks."""
        self.courteous = courteous
        """Keeps the lock of a client whose lease has run out until somebody wants it, as Linux does."""
        self.up = True
        self.grace_until = 0
        self.files: dict[str, bytes] = {}
        self.stamps: dict[str, int] = {}
        self.changes = 0
        self.locks: dict[str, int] = {}
        self.silent: list[int | None] = [None] * clients
        """Since when a client was not heard of; None: it is in touch."""
        self.lost = [False] * clients
        """The server took this client's locks away: it answers its writes with EIO until it has closed its files."""
        self.losses = [0] * clients
        """How often that was so."""
        self.stores: dict[str, int] = {"first": 0, "nowhere": 0}
        """Acknowledged writes in each copy of the datastore."""
        self.store = "first"
        """The one in its place."""
        self.datastore_lock = (-1, 0)
        """The client whose container last locked it, and its `losses` then."""
        self.copies: dict[str, int] = {}
        self.last_container = ""
        self.served = ("", 0)
        """The version that has answered, and its epoch."""
        self.barred: set[int] = set()
        """Clients that are cut off from the data."""
        self.epochs: list[tuple[int, int]] = []
        """All that were ever written, and by whom."""

    # ---- clients come and go ----

    def out_of_touch(self, client: int, now: int) -> None:
        if self.silent[client] is None:
            self.silent[client] = now

    def in_touch(self, client: int, now: int) -> None:
        """The kernel renews the lease by itself, if it is there still."""
        if not self.up:
            return
        if self.expired(client, now) and not self.courteous:
            self.take_away(client)
        self.silent[client] = None

    def expired(self, client: int, now: int) -> bool:
        since = self.silent[client]
        return since is not None and now - since > self.lease_time

    def take_away(self, client: int) -> None:
        for name in [name for name, holder in self.locks.items() if holder == client]:
            del self.locks[name]
        self.lost[client] = True
        self.losses[client] += 1

    def cut_off(self, client: int) -> None:
        """It can open none of the data's files, and what it had open is gone."""
        self.barred.add(client)
        self.take_away(client)

    def rebooted(self, client: int) -> None:
        """A client of the same name with another boot: what it had before is void."""
        self.take_away(client)
        self.lost[client] = False

    def stop(self) -> None:
        self.up = False

    def start(self, now: int, forget: bool, in_touch: list[bool]) -> None:
        """`forget`: without its state, so that nobody may take back what it had, and there is no grace time."""
        self.up = True
        self.grace_until = now + self.grace_time if self.locking and not forget else 0
        for client, touched in enumerate(in_touch):
            if forget and client in self.locks.values():
                self.take_away(client)
            self.silent[client] = None if touched else now

    def grace_is_over(self) -> None:
        """Who has not come back by then has lost what it had."""
        for client, since in enumerate(self.silent):
            if since is not None and client in self.locks.values():
                self.take_away(client)

    # ---- what a client in touch asks for ----

    def carry_out(self, client: int, operation: FileOperation, now: int) -> Outcome:
        if isinstance(operation, Pwrite):
            if self.locking and (self.lost[client] or self.locks.get(operation.name) != client):
                raise FileError("the lock was taken away (EIO)")
            # One that was left half written is written again, by whoever has the lock then.
            if operation.name == "epoch" and decode_epoch(self.files["epoch"]) is not None:
                self.epochs.append((decode_epoch(operation.content) or 0, client))
            self.write(operation.name, operation.content)
            return None
        if isinstance(operation, Stamp):
            return str(self.stamps.get(operation.name, ""))
        if isinstance(operation, Close):
            if self.locks.get(operation.name) == client:
                del self.locks[operation.name]
            if client not in self.locks.values():
                self.lost[client] = False
            return None
        if now < self.grace_until:
            raise WaitError(self.grace_until)
        if isinstance(operation, Flock):
            return self.lock(client, operation.name, now)
        if isinstance(operation, Open):
            if operation.name not in self.files:
                self.write(operation.name, b"\0" * RECORD_BYTES)
            return None
        if isinstance(operation, Put):
            self.files.pop(operation.name, None)
            self.write(operation.name, operation.content)
            return None
        assert isinstance(operation, Read)
        content = self.files.get(operation.name)
        return content if content is None else content[: operation.limit + 1]

    def tear(self, client: int, operation: Pwrite, length: int) -> bool:
        """A write of which only so many bytes came to the disk."""
        if not self.up or (self.locking and (self.lost[client] or self.locks.get(operation.name) != client)):
            return False
        self.write(operation.name, operation.content[:length])
        return True

    def lock(self, client: int, name: str, now: int) -> bool:
        holder = self.locks.get(name)
        if holder is not None and holder != client:
            if not self.expired(holder, now):
                return False
            self.take_away(holder)
        self.locks[name] = client
        return True

    def note_served(self, container: str, epoch: int) -> None:
        """One of an earlier epoch comes from a node that stood still."""
        if epoch >= self.served[1]:
            self.served = (container, epoch)

    def write(self, name: str, content: bytes) -> None:
        before = self.files.get(name, b"")
        self.files[name] = content + before[len(content) :]
        self.changes += 1
        self.stamps[name] = self.changes
