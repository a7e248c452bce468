"""What the agent says of itself, for `status`. One JSON form; times are seconds."""

from typing import Any

from .clock import boot_ms
from .core.observation import Docker, LeaseView, Observation
from .core.record import Record, silence_of
from .core.room import words_of
from .core.settings import Configuration
from .core.state import OWNERS, State
from .core.watch import no_room
from .node import Node

#: The helper on the NFS server changes its file each 5 s; a standby may look as seldom as each few heartbeats.
HELPER_AGE = 30_000


def report(node: Node, state: State, seen: Observation, now: int, unfit: int = 0) -> "dict[str, Any]":
    """`now`: `mono`. `unfit`: since when this node is, `mono`; 0: that is not known."""
    core, lease = node.setup.core, seen.lease
    record = lease.record if isinstance(lease.record, Record) else None
    silent = (now - state.seen.at) if state.seen.at else 0
    here = isinstance(state.phase, OWNERS)
    owned = record is not None and record.claim.value != "released" and silent < silence_of(record, core.watchdog, core.lease_time)
    owner = core.node if here else (record.node if record and owned else None)
    waited = node.lease.waited(now)
    return {
        "agent": _agent(node, state, lease, now, unfit),
        "lease": {
            "owner": owner,
            "epoch": lease.epoch or None,
            "heldHere": lease.locked,
            "record": _record(record),
            "error": lease.error or None,
            "alive": lease.alive,
            "unanswered": (boot_ms() - lease.answered) / 1000 if lease.answered else None,
            # No answer of a server that is there takes longer than two heartbeats.
            "hangs": waited / 1000 if waited > 2 * core.heartbeat else None,
            "peers": [peer._asdict() for peer in lease.peers],
        },
        "container": {
            "name": core.container,
            # After Docker's daemon, or an agent, was started anew its control group alone is known.
            "state": "running" if seen.container.live and seen.container.docker is Docker.UNKNOWN else seen.container.docker.value,
            "live": seen.container.live,
            "startPending": seen.container.start_pending,
            "words": seen.container.words or None,
        },
        "mounts": {"lease": seen.lease_mounted, "data": seen.data.mounted, "dataLingers": seen.data.lingers},
        "health": {
            "answer": seen.health.answer.value,
            "words": seen.health.words or None,
            "failures": state.memory.tries,
            "failure": state.memory.failure or None,
        },
        "heartbeats": node.beats.report(),
        "holdsVip": seen.vip,
        "fit": here or not state.fault,
        "fencing": _fencing(core, state, seen),
        "orders": _orders(seen),
        "timers": {
            "heartbeat": core.heartbeat / 1000,
            "giveUp": core.give_up / 1000,
            "watchdog": core.watchdog / 1000,
            "lease": core.lease_time / 1000,
            "serverLease": None if seen.server_lease is None else seen.server_lease / 1000,
        },
    }


def _agent(node: Node, state: State, lease: LeaseView, now: int, unfit: int) -> "dict[str, Any]":
    core, here = node.setup.core, isinstance(state.phase, OWNERS)
    return {
        "state": type(state.phase).__name__.lower(),
        "since": (now - state.since) / 1000,
        "reason": state.reason,
        # Whether it could take over is not asked of an owner.
        "fault": None if here else state.fault or None,
        "faultSince": (now - unfit) / 1000 if unfit and state.fault and not here else None,
        "epoch": state.tenure.epoch if here else None,
        "version": core.version,
        "leaseVersion": node.lease.version or None,
        "degraded": _degraded(node, lease.unsaid, words_of(lease.room, state.checks.room)),
    }


def _degraded(node: Node, unsaid: str, room: str) -> "list[str]":
    found = [node.announcer.words, no_room(unsaid) if unsaid else "", room]
    return [*node.degraded, *(words for words in found if words)]


def _record(record: "Record | None") -> "dict[str, Any] | None":
    if record is None:
        return None
    return {**record._asdict(), "claim": record.claim.value, "silence": record.silence / 1000}


def _fencing(core: Configuration, state: State, seen: Observation) -> "dict[str, Any]":
    return {
        "agent": core.fence,
        "agentFault": state.checks.fence_words or None,
        "storage": core.storage_fence,
        # Whether the server's helper goes round is not asked by an owner.
        "storageFault": _storage_fault(core, state, seen),
        "watchdog": seen.watchdog.armed,
        "watchdogAvailable": seen.watchdog.available,
        "watchdogWords": seen.watchdog.words or None,
        "watchdogMode": core.watchdog_mode.value,
    }


def _storage_fault(core: Configuration, state: State, seen: Observation) -> "str | None":
    if not core.storage_fence or isinstance(state.phase, OWNERS):
        return None
    lease = seen.lease
    if lease.barred:
        return f"this node is cut off from the data since epoch {lease.barred}"
    return None if lease.helper and boot_ms() - lease.helper <= HELPER_AGE else "the helper on the NFS server does not go round"


def _orders(seen: Observation) -> "dict[str, Any]":
    orders = seen.orders
    return {
        "paused": orders.paused or None,
        "stopped": orders.stopped or None,
        "leave": orders.leave or None,
        "banned": orders.banned or None,
        "prefer": orders.prefer or None,
        "work": orders.work.verb if orders.work else None,
        "off": sorted(orders.off),
    }
