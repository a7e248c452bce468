"""What agent and lease process tell each other, as JSON: requests of the core, and the core's view of the lease."""

from typing import Any, NamedTuple

from ..core.lease_requests import REQUESTS, CutOff, Look, Request, Take, Write
from ..core.observation import LeaseView, Peer
from ..core.record import Claim, NoRecord, Record, encode
from ..core.room import Room

#: Bytes of a line, either way.
LONGEST_LINE = 64 << 10
PROTOCOL = 1

_REQUESTS = {kind.__name__: kind for kind in REQUESTS}


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
    elif isinstance(request, CutOff):
        fields["last"] = record_to(request.last)
    elif isinstance(request, Look) and not request.storage:
        # A lease process of a version before this knows no such field.
        del fields["storage"]
    return {"do": type(request).__name__, **fields}


def request_from(told: dict[str, Any]) -> Request:
    """Raises KeyError, TypeError or ValueError for anything that is no request."""
    fields = {name: value for name, value in told.items() if name not in ("do", "id")}
    for name in ("record", "last"):
        if name in fields:
            record = record_from(fields[name])
            if not isinstance(record, Record):
                raise ValueError("no record")
            fields[name] = record
    return _REQUESTS[told["do"]](**fields)


def record_to(record: "Record | NoRecord | None") -> Any:
    """The lease's file has a sum in its form; here nothing gets lost."""
    if record is None:
        return None
    return [*record._replace(claim=record.claim.value)] if isinstance(record, Record) else record.value  # type: ignore[arg-type]


def record_from(told: Any) -> "Record | NoRecord":
    """Raises TypeError or ValueError for anything else."""
    if isinstance(told, str):
        return NoRecord(told)
    record = Record(*told)
    return record._replace(claim=Claim(record.claim))


def record_words(record: "Record | NoRecord") -> str:
    """A record as a job's argument."""
    return encode(record).decode().split("\n")[0].rstrip() if isinstance(record, Record) else record.value


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
    room = fields.get("room")
    fields["room"] = None if room is None else Room(*(int(part) for part in room))
    return LeaseView(**fields)
