"""What is measured, as metrics. Pure: a metric is declared here alone; alert rules and dashboard are checked against it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Optional

from ..story import STEPS
from .exposition import Family, Histogram, Labels

NOTHING: Mapping[str, Any] = MappingProxyType({})
#: Kinds of events whose counts are there from the beginning, so that the first one is seen as an increase.
COUNTED = ("takeover", "again", "well", "released", "kill", "reset", "failure", "give-up", "unfit", "vip", "fence", "degraded")
#: Orders of operators (core/observation.py).
ORDERS = ("paused", "stopped", "leave", "banned")


class Takeover(NamedTuple):
    """The last one to this node."""

    at: float
    """Seconds since 1970."""
    planned: bool
    steps: "Mapping[str, float]"
    """Seconds since it was seen to be needed."""


class Measured(NamedTuple):
    """Beside what the agent says. Times are seconds since 1970; None: not known, or not there."""

    at: float
    counts: "Mapping[str, int]" = NOTHING
    """Events since this node is watched, by their kinds."""
    takeover: Optional[Takeover] = None
    free: "Mapping[str, float]" = NOTHING
    """Parts of file systems that are free, by their paths."""
    backup_at: Optional[float] = None
    """Of the last one that went well."""
    backup_failed: Optional[bool] = None
    backup_limit: Optional[float] = None
    """Seconds after which a backup is old."""
    certificate: Optional[float] = None
    """When the service's certificate ends."""
    vrrp: "Mapping[str, Mapping[str, int]]" = NOTHING
    """keepalived's counters, by the names of instances (vrrp_stats.py)."""
    vrrp_state: str = ""
    version: str = ""


def families(stack: str, node: str, report: "Optional[Mapping[str, Any]]", seen: Measured) -> "list[Family]":
    """`report`: what the agent says of itself (report.py, address/report.py); None: it does not answer."""
    one = {"stack": stack, "node": node}
    gauge = _Gauges(one)
    gauge.add("observer_timestamp_seconds", "When these metrics were written", seen.at)
    gauge.add("agent_up", "Whether this node's agent answers", report is not None)
    found = [*gauge.families, _counts(one, seen), *_vrrp(one, seen), *_measured(one, seen)]
    return [*found, *_of_agent(one, report)] if report is not None else found


class _Gauges:
    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self.families: list[Family] = []

    def add(self, name: str, words: str, value: Any, **labels: str) -> None:
        """Nothing for what is not known."""
        samples = [] if value is None else [({**self._labels, **labels}, float(value))]
        self.families.append(Family(f"ha_rancher_{name}", "gauge", words, samples))

    def each(self, name: str, words: str, label: str, values: "Mapping[str, Any]") -> None:
        samples = [({**self._labels, label: key}, float(value)) for key, value in values.items() if value is not None]
        self.families.append(Family(f"ha_rancher_{name}", "gauge", words, samples))


def _counts(one: Labels, seen: Measured) -> Family:
    counts = {**dict.fromkeys(COUNTED, 0), **seen.counts}
    samples = [({**one, "event": kind}, float(count)) for kind, count in sorted(counts.items())]
    return Family("ha_rancher_events", "counter", "Events of this node's agent since it is watched (docs/agent.md)", samples)


def _measured(one: Labels, seen: Measured) -> "list[Family]":
    gauge = _Gauges(one)
    takeover = seen.takeover
    kind = {} if takeover is None else {"kind": "planned" if takeover.planned else "unplanned"}
    at = None if takeover is None else takeover.at
    gauge.add("last_takeover_timestamp_seconds", "When the service was last well after this node took over", at, **kind)
    steps = {} if takeover is None else {step: takeover.steps.get(step) for step in STEPS}
    words = "Steps of this node's last takeover, since it was seen to be needed"
    gauge.each("last_takeover_seconds", words, "step", steps)
    gauge.each("filesystem_free_ratio", "Part of a file system that is free", "path", seen.free)
    gauge.add("last_backup_timestamp_seconds", "When this node last made a backup", seen.backup_at)
    gauge.add("backup_failed", "Whether this node's last backup failed", seen.backup_failed)
    gauge.add("backup_limit_seconds", "A backup that is older is old; where backups are scheduled", seen.backup_limit)
    gauge.add("certificate_end_timestamp_seconds", "When the certificate of the service ends", seen.certificate)
    return gauge.families


def _vrrp(one: Labels, seen: Measured) -> "list[Family]":
    gauge = _Gauges(one)
    state = {seen.vrrp_state: 1} if seen.vrrp_state else {}
    gauge.each("vrrp_state", "What keepalived is, as it last told its notify script", "state", state)
    names = sorted({name for counters in seen.vrrp.values() for name in counters})
    found = [
        Family(
            f"ha_rancher_vrrp_{name}",
            "counter",
            "Of keepalived's statistics, by instance",
            [({**one, "instance": instance}, float(all_of[name])) for instance, all_of in seen.vrrp.items() if name in all_of],
        )
        for name in names
    ]
    return [*gauge.families, *found]


def _of_agent(one: Labels, report: "Mapping[str, Any]") -> "list[Family]":
    gauge = _Gauges(one)
    agent, orders = report.get("agent") or {}, report.get("orders") or {}
    version = str(agent.get("version") or "")
    gauge.add("agent_info", "Which agent this is", 1, version=version)
    gauge.add("state", "What the agent is at (docs/agent.md)", 1, state=str(agent.get("state") or "unknown"))
    gauge.add("state_seconds", "For how long it is so", agent.get("since"))
    gauge.add("fit", "Whether this node may have the VIP", bool(report.get("fit")))
    gauge.add("vip_held", "Whether a VIP is on an interface of this node", bool(report.get("holdsVip")))
    gauge.add("degraded", "How much of its protection the node refused", len(agent.get("degraded") or []))
    gauge.each("order", "Whether an operator has ordered it", "order", {name: bool(orders.get(name)) for name in ORDERS})
    held = {str(vip.get("name")): bool(vip.get("holds")) for vip in _objects(report.get("vips"))}
    gauge.each("named_vip_held", "Without a lease: whether this VIP is here", "vip", held)
    fit = {str(vip.get("name")): bool(vip.get("fit")) for vip in _objects(report.get("vips"))}
    gauge.each("named_vip_fit", "Without a lease: whether this node may have this VIP", "vip", fit)
    return [*gauge.families, *(_of_lease(one, report) if report.get("lease") is not None else [])]


def _of_lease(one: Labels, report: "Mapping[str, Any]") -> "list[Family]":
    """Of an agent with a lease."""
    gauge = _Gauges(one)
    agent, lease, health = report.get("agent") or {}, report.get("lease") or {}, report.get("health") or {}
    fencing, timers = report.get("fencing") or {}, report.get("timers") or {}
    owns = agent.get("epoch") is not None
    gauge.add("owner", "Whether this node has the lease", owns)
    gauge.add("epoch", "Number of the owner, as the lease's server has it", lease.get("epoch"))
    gauge.add("service_well", "Whether the service is well here", agent.get("state") == "active" and health.get("answer") == "ok")
    gauge.add("service_failures", "Failures since the service was last well here", health.get("failures"))
    gauge.add("lease_error", "Whether the last question to the lease's server failed", bool(lease.get("error")))
    gauge.add("lease_unanswered_seconds", "Since the last answer of the lease's server was asked for", lease.get("unanswered"))
    gauge.add("lease_hangs_seconds", "For how long the lease's server has not answered; 0: it does", lease.get("hangs") or 0)
    peers = _objects(lease.get("peers"))
    words = "Whether another node could serve, by what it last said"
    gauge.each("peer_fit", words, "peer", {str(peer.get("node")): bool(peer.get("fit")) for peer in peers})
    ages = {str(peer.get("node")): (peer.get("age") or 0) / 1000 for peer in peers}
    gauge.each("peer_silent_seconds", "Since another node last said how it is", "peer", ages)
    wanted = fencing.get("watchdogMode") != "off"
    gauge.add(
        "watchdog_available",
        "Whether there is a watchdog device, if one is to be used",
        fencing.get("watchdogAvailable") if wanted else None,
    )
    gauge.add("watchdog_armed", "Whether it runs", bool(fencing.get("watchdog")) if wanted else None)
    gauge.add(
        "fence_agent_works",
        "Whether the fence agent answers, if there is one",
        not fencing.get("agentFault") if fencing.get("agent") else None,
    )
    server = timers.get("serverLease")
    gauge.add("lease_server_seconds", "The lease time of the NFS server", server)
    gauge.each(
        "timer_seconds",
        "Timers of the agent",
        "timer",
        {key: timers.get(key) for key in ("heartbeat", "giveUp", "watchdog", "lease")},
    )
    return [*gauge.families, _heartbeats(one, report.get("heartbeats") or {})]


def _heartbeats(one: Labels, told: "Mapping[str, Any]") -> Family:
    bounds, counts = tuple(told.get("bounds") or ()), tuple(told.get("counts") or ())
    samples: Sequence[tuple[Labels, Histogram]] = []
    if bounds and len(counts) == len(bounds) + 1:
        samples = [(one, Histogram(bounds, counts, float(told.get("sum") or 0)))]
    words = "How long heartbeats took until the lease's server confirmed them, since the agent was started"
    return Family("ha_rancher_heartbeat_seconds", "histogram", words, samples)


def _objects(told: Any) -> "list[dict[str, Any]]":
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
