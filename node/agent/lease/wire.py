"""What agent and lease process tell each other, as JSON: requests of the core, and the core's view of the lease."""

from typing import Any, NamedTuple

from ..core.actions import Lock, Look, NoteClean, Request, Take, Write
from ..core.observation import LeaseView, Peer
from ..core.record import NoRecord, Record, decode, encode

#: Bytes of a line, either way.
LONGEST_LINE = 64 << 10
PROTOCOL = 1

_REQUESTS = {kind.__name__: kind for kind in (Look, Lock, Take, Write, NoteClean)}


class Terms(NamedTuple):
    """What the lease process must know, told by the agent. They cannot change while the lease is held.

    `filesystem` must be mounted on `directory`, by the table `mounts`. `claim_time`: milliseconds, see `core.lease`.
    `alone`: after so many milliseconds without a confirmed heartbeat the lease is let go: this node is certain not to
    write by then.
    """

    directory: str
    filesystem: str
    mounts: str
    node: str
    peers: "tuple[str, ...]"
    claim_time: int
    alone: int


def terms_from(told: Any) -> Terms:
    """Raises TypeError or ValueError for anything else."""
    terms = Terms(**told)
    return terms._replace(peers=tuple(str(peer) for peer in terms.peers))


def request_to(request: Request) -> dict[str, Any]:
    fields = request._asdict()
    if isinstance(request, (Take, Write)):
        fields["record"] = record_to(request.record)
    return {"do": type(request).__name__, **fields}


def request_from(told: dict[str, Any]) -> Request:
    """Raises KeyError, TypeError or ValueError for anything that is no request."""
    fields = {name: value for name, value in told.items() if name not in ("do", "id")}
    if "record" in fields:
        record = record_from(fields["record"])
        if not isinstance(record, Record):
            raise ValueError("no record")
        fields["record"] = record
    return _REQUESTS[told["do"]](**fields)


def record_to(record: "Record | NoRecord | None") -> Any:
    if record is None:
        return None
    return encode(record).decode().rstrip() if isinstance(record, Record) else {"none": record.value}


def record_from(told: Any) -> "Record | NoRecord":
    return NoRecord(told["none"]) if isinstance(told, dict) else decode(str(told).encode())


def view_to(view: LeaseView) -> dict[str, Any]:
    fields = view._asdict()
    fields.update(record=record_to(view.record), confirmed=record_to(view.confirmed))
    return fields


def view_from(told: dict[str, Any]) -> LeaseView:
    """Raises KeyError, TypeError or ValueError for anything that is no view."""
    fields = {name: value for name, value in told.items() if name in LeaseView._fields}
    confirmed = fields["confirmed"]
    record = None if confirmed is None else record_from(confirmed)
    fields["confirmed"] = record if isinstance(record, Record) else None
    fields["record"] = record_from(fields["record"])
    fields["peers"] = tuple(Peer(*peer) for peer in fields["peers"])
    return LeaseView(**fields)
