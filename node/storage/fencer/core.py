"""What the helper decides: pure functions over what was read on the server itself. A node's word counts for nothing but what
it asks for."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Optional

from agent.core.fence_mail import Ask
from agent.core.presence import decode as decode_presence
from agent.core.record import Claim, NoRecord, Record

#: A file as the kernel's tables name it: `MAJOR:MINOR:INODE`.
Key = str


class Client(NamedTuple):
    """One of nfsd's clients, by its folder in /proc/fs/nfsd/clients."""

    number: str
    address: str
    """IPv4, of the connection by which it came."""
    confirmed: bool
    """Not on its way, nor one whose lease has run out (`courtesy`)."""
    locked: frozenset[Key]
    """Files on which it has, or had, a lock: the kernel keeps such a state until the file is closed."""


class Register(NamedTuple):
    """What the helper remembers, also over a restart of the server."""

    barred: Mapping[str, int]
    """Nodes that are cut off, each since it was the owner of that epoch."""
    last: int = 0
    """The highest epoch whose owner was ever cut off."""
    last_node: str = ""
    """Who that was."""


class Seen(NamedTuple):
    """Read on the server, right now."""

    record: "Record | NoRecord"
    """Of the lease."""
    epoch: Optional[int]
    """In the file of the epoch; None if that cannot be understood."""
    successor: Key
    """The successor's lock file; empty if there is none."""
    locks: frozenset[Key]
    """Files on which somebody has an exclusive lock of the whole file."""
    clients: tuple[Client, ...]


class Refused(NamedTuple):
    words: str


class CutOff(NamedTuple):
    """This node's access is to be taken away."""

    node: str
    epoch: int


def judge(asker: str, ask: Ask, seen: Seen, nodes: Mapping[str, str], register: Register) -> "Refused | CutOff":
    """`asker`: in whose file the question lay. `nodes`: each node's address."""
    record = seen.record
    if ask.node not in nodes or asker not in nodes or ask.node == asker:
        return Refused("no such node")
    if not isinstance(record, Record) or seen.epoch is None:
        return Refused("the lease cannot be understood")
    if (record.node, record.epoch, record.sequence) != (ask.node, ask.epoch, ask.sequence) or seen.epoch > record.epoch:
        return Refused("the lease has another record by now")
    if record.claim is Claim.RELEASED:
        return Refused("the lease was released")
    if ask.epoch < register.last or (ask.epoch == register.last and ask.node != register.last_node):
        return Refused("an owner of a later epoch was cut off")
    words = holds(nodes[asker], seen)
    return Refused(words) if words else CutOff(ask.node, ask.epoch)


def holds(address: str, seen: Seen) -> str:
    """Whether the client at that address has the successor's lock, and nobody else: empty, or why that is not certain.

    A client is free in what it says of itself, and a lock's state may be left of a lock that is gone. So both must be true: by
    the table of locks the file is locked, and one client alone has a state there."""
    if not seen.successor or seen.successor not in seen.locks:
        return "nobody has the successor's lock"
    holders = [client for client in seen.clients if seen.successor in client.locked]
    if len(holders) != 1:
        return "it is not certain who has the successor's lock"
    if holders[0].address != address or not holders[0].confirmed:
        return "another node has the successor's lock"
    return ""


def barring(register: Register, order: CutOff) -> Register:
    return Register({**register.barred, order.node: order.epoch}, order.epoch, order.node)


def uncertain(address: str, before: Iterable[str], exported: str, after: Iterable[Client]) -> str:
    """What is left of that address's access; empty if nothing is. `before`: numbers of its clients when its access had been taken
    away. One that came later has no files of the data: it cannot open any. `exported`: what the kernel or exportfs say."""
    if exported:
        return exported
    left = {client.number for client in after if client.address == address} & set(before)
    return f"the server still knows client {min(left)}" if left else ""


def may_return(epoch: int, presence: bytes) -> bool:
    """`presence`: what the node says of itself in the lease directory. It has noted that nothing of that epoch writes any more."""
    said = decode_presence(presence)
    return said is not None and said.clean >= epoch
