"""What people are told, and when. Pure: what is seen and what was told before make what is told now.

Each thing is told by one node: what is of a node by itself, a takeover by the new owner, the silence of a node and what is of the
stack by the owner, two holders by the one whose name comes first.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Optional

from .metrics import Measured
from .reasons import PLANNED

#: Seconds for which something must be so until it is told, and be over until it may be told again.
_HOLDS = {"split-brain": 30, "give-up": 60, "backup-failed": 0}
_HOLDS_ELSE, _OVER = 300, 600
#: A peer that says nothing for so long, milliseconds.
_SILENT = 60_000
#: Less than this part of a file system free, and less than so many seconds left of a certificate.
_FREE, _ENDS = 0.1, 14 * 86_400
#: What was told of takeovers that is remembered.
_MOST = 50

DO = {
    "failover": "`npm run history` says what happened.",
    "switchover": "Nothing.",
    "give-up": "`npm run failures` and `npm run logs` say what failed; no node serves now.",
    "unfit": "`npm run status` says what to do for each node.",
    "no-watchdog": "Load one (softdog will do), or set `fencing.watchdog` to off: docs/fencing.md.",
    "fence-failed": "`npm run status` has the fence agent's words: docs/fencing.md.",
    "split-brain": "`npm run status` shows both; the lease lets only one of them write.",
    "backup-old": "`systemctl status ha-rancher-backup.timer` on the nodes; `npm run backup` makes one now.",
    "backup-failed": "`journalctl -u ha-rancher-backup` on that node.",
    "certificate": "Renew it, or look why its renewal fails.",
    "disk": "Make room there.",
    "test": "Nothing: notifications work.",
}
_GRAVE = ("failover", "give-up", "split-brain")


class Notice(NamedTuple):
    key: str
    """Of this one thing, whoever tells it."""
    kind: str
    stack: str
    node: str
    text: str
    since: float
    """Seconds since 1970."""
    epoch: int = 0
    steps: "tuple[tuple[str, int], ...]" = ()
    """Of a takeover, milliseconds."""

    @property
    def severity(self) -> str:
        return "critical" if self.kind in _GRAVE else "info" if self.kind in ("switchover", "test") else "warning"

    def shown(self) -> "dict[str, Any]":
        """For programs."""
        told = {**self._asdict(), "steps": dict(self.steps), "severity": self.severity, "do": DO[self.kind]}
        return {name: value for name, value in told.items() if value not in (0, {}, "")}


class Known(NamedTuple):
    """Of a condition."""

    kind: str
    text: str
    since: float
    seen: float
    """When it was last so."""
    told: bool = False


class Told(NamedTuple):
    """What is remembered."""

    known: "tuple[tuple[str, Known], ...]" = ()
    takeovers: "tuple[str, ...]" = ()
    """Their keys."""
    gave_up: "tuple[float, str]" = (0.0, "")
    """This node gave up then, for that reason; 0: it is over."""


class Place(NamedTuple):
    stack: str
    node: str


def takeover(told: Told, place: Place, event: "Mapping[str, Any]", at: float, reason: str) -> "tuple[Told, list[Notice]]":
    """`event`: of the kind `well`; `reason`: the last owner's, as far as it said one."""
    epoch, after = event.get("epoch"), str(event.get("after") or "nobody")
    key = f"takeover:{epoch}"
    if not isinstance(epoch, int) or key in told.takeovers:
        return told, []
    kind = "switchover" if PLANNED.match(reason) else "failover"
    why = reason or str(event.get("why") or "")
    steps = event.get("steps")
    kept = tuple((str(name), time) for name, time in steps.items() if isinstance(time, int)) if isinstance(steps, dict) else ()
    well = dict(kept).get("well", 0)
    first = f"{place.node} serves" if after == "nobody" else f"{place.node} serves after {after}"
    text = f"{first} (epoch {epoch}), well {well / 1000:.1f} s after it was needed there: {why}"
    notice = Notice(key, kind, *place, text, at - well / 1000, epoch, kept)
    # Nobody had it: a first start is told to nobody.
    notices = [] if after == "nobody" and not reason else [notice]
    return told._replace(takeovers=(*told.takeovers, key)[-_MOST:]), notices


def gave_up(told: Told, event: "Mapping[str, Any]", at: float) -> Told:
    return told._replace(gave_up=(at, str(event.get("text") or "")))


def conditions(told: Told, place: Place, report: "Optional[Mapping[str, Any]]", seen: Measured) -> "dict[str, tuple[str, str]]":
    """What is not as it should be now: kind and words by keys."""
    found = dict(_of_node(place, report, seen))
    if report is not None and (report.get("agent") or {}).get("epoch") is not None:
        found.update(_of_owner(place, report, seen))
    owner = ((report or {}).get("lease") or {}).get("owner")
    if told.gave_up[0] and owner is None:
        found[f"give-up:{place.node}"] = ("give-up", f"the service did not come up on {place.node}: {told.gave_up[1]}")
    return found


def _of_node(place: Place, report: "Optional[Mapping[str, Any]]", seen: Measured) -> "Iterable[tuple[str, tuple[str, str]]]":
    node = place.node
    for path, free in seen.free.items():
        if free < _FREE:
            yield f"disk:{node}:{path}", ("disk", f"{path} of {node} has {free * 100:.1f} % free")
    if seen.backup_failed:
        yield f"backup-failed:{node}", ("backup-failed", f"the last backup on {node} failed")
    if report is None:
        yield f"unfit:{node}", ("unfit", f"{node} could not take over: its agent does not answer")
        return
    agent, orders, fencing = report.get("agent") or {}, report.get("orders") or {}, report.get("fencing") or {}
    ordered = any(orders.get(name) for name in ("paused", "stopped", "leave", "banned"))
    if report.get("fit") is False and not ordered:
        yield f"unfit:{node}", ("unfit", f"{node} could not take over: {agent.get('fault')}")
    if fencing.get("watchdogMode", "off") != "off" and fencing.get("watchdogAvailable") is False:
        yield f"no-watchdog:{node}", ("no-watchdog", f"{node} has no watchdog: {fencing.get('watchdogWords') or 'no device'}")
    if fencing.get("agent") and fencing.get("agentFault"):
        yield f"fence-failed:{node}", ("fence-failed", f"the fence agent does not work on {node}: {fencing['agentFault']}")
    for peer in _peers(report):
        if report.get("holdsVip") and peer.get("vip") and (peer.get("age") or 0) < _SILENT and node < str(peer.get("node")):
            yield "split-brain", ("split-brain", f"{node} and {peer.get('node')} both have the VIP")


def _of_owner(place: Place, report: "Mapping[str, Any]", seen: Measured) -> "Iterable[tuple[str, tuple[str, str]]]":
    for peer in _peers(report):
        if (peer.get("age") or 0) >= _SILENT:
            name = str(peer.get("node"))
            yield f"unfit:{name}", ("unfit", f"{name} could not take over: it says nothing beside the lease; it is off, or cut off")
    if seen.backup_limit and seen.backup_at is not None and seen.at - seen.backup_at > seen.backup_limit:
        hours = (seen.at - seen.backup_at) / 3600
        yield "backup-old", ("backup-old", f"the newest backup on {place.node}, which serves, is {hours:.0f} hours old")
    if seen.certificate is not None and seen.certificate - seen.at < _ENDS:
        days = (seen.certificate - seen.at) / 86_400
        yield "certificate", ("certificate", f"the certificate of the service ends in {days:.1f} days")


def _peers(report: "Mapping[str, Any]") -> "list[Mapping[str, Any]]":
    return [peer for peer in (report.get("lease") or {}).get("peers") or [] if isinstance(peer, dict)]


def changes(told: Told, place: Place, found: "Mapping[str, tuple[str, str]]", now: float) -> "tuple[Told, list[Notice]]":
    """What has been so for long enough, and was not told yet."""
    known, notices = dict(told.known), []
    for key, (kind, text) in found.items():
        before = known.get(key)
        one = Known(kind, text, now, now) if before is None else before._replace(text=text, seen=now)
        if not one.told and now - one.since >= _HOLDS.get(kind, _HOLDS_ELSE):
            notices.append(Notice(f"{key}:{one.since:.0f}", kind, *place, text, one.since))
            one = one._replace(told=True)
        known[key] = one
    for key, one in list(known.items()):
        # What comes and goes is told once; what never lasted is forgotten at once.
        if key not in found and (not one.told or now - one.seen > _OVER):
            del known[key]
    over = told.gave_up[0] and now - told.gave_up[0] > _OVER
    return told._replace(known=tuple(known.items()), gave_up=(0.0, "") if over else told.gave_up), notices
