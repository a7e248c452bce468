"""Weaker rules, each in the place of one of the core's. weakenings.py says which is which."""

from __future__ import annotations

import sys
from typing import Any, Callable

from agent.core import actions as act
from agent.core import candidate, decide, fitness, killing, owner, record, service
from agent.core import lease_requests as ask
from agent.core.lease import Steps
from agent.core.observation import ContainerView
from agent.core.record import RECORD_BYTES
from agent.core.state import (
    Active,
    Adopting,
    Confirming,
    Contending,
    Killing,
    Mounting,
    Releasing,
    Standby,
    Tenure,
)
from agent.core.turn import Turn

Patch = list[tuple[Any, str, Any]]


def everywhere(original: Any, new: Any) -> Patch:
    """In each module of the core that has it by its name."""
    name = original.__name__
    modules = [module for key, module in sys.modules.items() if key.startswith("agent.core.")]
    found: Patch = [(module, name, new) for module in modules if getattr(module, name, None) is original]
    for step, call in decide.STEPS.items():
        if call is original:
            found.append((decide.STEPS, step, new))  # type: ignore[arg-type]
    return found


def after(original: Callable[[Turn], Any], more: Callable[[Turn], Any]) -> Patch:
    def both(turn: Turn) -> Any:
        result = original(turn)
        more(turn)
        return result

    return everywhere(original, both)


def never(original: Any) -> Patch:
    return everywhere(original, lambda *_: False)


# ---- the weaker rules ----


def feeds_always(turn: Turn) -> None:
    if turn.tenure.armed:
        turn.do(act.FeedWatchdog(turn.boot, turn.settings.watchdog))


def announces_always(turn: Turn) -> None:
    if turn.vip.here and not turn.see.orders.paused:
        turn.do(act.Announce())


def no_reset(turn: Turn) -> None:
    """The watchdog is told of heartbeats that are still to come."""
    late = turn.boot + 1_000_000
    turn.actions[:] = [
        act.FeedWatchdog(late, turn.settings.watchdog) if isinstance(action, (act.ArmWatchdog, act.FeedWatchdog)) else action
        for action in turn.actions
        if not isinstance(action, act.ResetNode)
    ]


def notes_another(turn: Turn) -> None:
    job = turn.job()
    turn.do(act.NoteServed(job, turn.settings.start_limit, "another", turn.tenure.epoch))
    turn.service = turn.service._replace(noted=job)


def takes_same_epoch(turn: Turn) -> None:
    turn.tenure = turn.tenure._replace(epoch=max(turn.tenure.epoch - 1, 1))


def forgets_failures(turn: Turn) -> None:
    turn.memory = turn.memory._replace(tries=0)


def starts_at_once(turn: Turn, reason: str, delay: int = 0) -> None:
    turn.become(Confirming(-1, turn.mono + delay if delay else 0), reason)


def gives_up_never(turn: Turn) -> bool:
    lease = turn.see.lease
    if not lease.alive or not lease.locked:
        killing.kill(turn, "the lease is lost")
        return False
    return True


def lease_never_lost(turn: Turn) -> bool:
    if turn.boot - turn.tenure.sent > turn.settings.give_up:
        killing.kill(turn, "giving up")
        return False
    return True


def epoch_unchecked(turn: Turn) -> bool:
    lease = turn.see.lease
    if not lease.alive or not lease.locked or turn.boot - turn.tenure.sent > turn.settings.give_up:
        killing.kill(turn, "giving up")
        return False
    return True


def standby_with_leftovers(turn: Turn) -> None:
    fitness.keep_fit(turn)
    fitness.look_for_faults(turn)
    if not turn.fault and turn.vip.here and not turn.vip.refused and not turn.see.orders.stopped:
        turn.become(Contending(), "the VIP is here")


def begins_fresh(turn: Turn) -> None:
    if isinstance(turn.phase, Adopting):
        turn.tenure = turn.tenure._replace(sent=turn.boot)
        turn.do(act.ArmWatchdog(turn.boot, turn.settings.watchdog))


def begins_without_memory(turn: Turn) -> None:
    if turn.see.ready:
        turn.memory = turn.memory._replace(epoch=0)
        turn.to_standby("nothing is looked at")


def releases_first(turn: Turn) -> None:
    turn.become(Releasing(), turn.reason)


def drops_at_once(turn: Turn) -> None:
    """The lock goes before the container is certain to be gone."""
    if isinstance(turn.phase, Killing) and turn.see.lease.locked:
        turn.do(act.Drop())


def notes_at_once(turn: Turn) -> None:
    memory, lease = turn.memory, turn.see.lease
    if isinstance(turn.phase, Killing) and memory.epoch and not lease.pending and lease.noted != memory.epoch:
        turn.do(ask.NoteClean(turn.boot, memory.epoch))


def never_observed_gap(turn: Turn) -> None:
    record = turn.see.lease.record
    if turn.round and record == turn.seen.record and turn.seen.at == turn.mono:
        turn.seen = turn.seen._replace(at=turn.seen.changed)


def adopts_in_a_pause(turn: Turn) -> None:
    orders = turn.see.orders
    turn.see = turn.see._replace(orders=orders._replace(paused=""))
    ADOPTING(turn)
    turn.see = turn.see._replace(orders=orders)


def rests_always(turn: Turn) -> bool:
    return isinstance(turn.phase, Standby)


def keeps_the_lock(turn: Turn) -> None:
    if isinstance(turn.phase, Standby):
        turn.actions[:] = [action for action in turn.actions if not isinstance(action, act.Drop)]


def leaves_without_vip(turn: Turn) -> str:
    return "" if turn.vip.here else "the VIP is gone"


def gone_while_pending(view: ContainerView) -> bool:
    return not view.runs


def gone_always(_: ContainerView) -> bool:
    return True


def docker_decides(view: ContainerView) -> bool:
    return view.docker.value == "running"


def mounts_later(turn: Turn) -> None:
    turn.phase = Mounting(-1)
    owner.launch(turn)


def adopts_without_lease(turn: Turn) -> None:
    see = turn.see
    if see.ready and see.container.runs:
        turn.tenure = Tenure(epoch=turn.memory.epoch or 1, sent=turn.boot)
        turn.become(Active(), "the container runs")
    elif see.ready:
        turn.to_standby("nothing runs")


def gap(view: type[ContainerView], rule: Callable[[ContainerView], bool], name: str) -> Patch:
    return [(view, name, property(rule))]


def takes_epoch_again(turn: Turn, reason: str) -> None:
    TAKE(turn, reason)
    takes_same_epoch(turn)


def waits_on(turn: Turn) -> None:
    """Whoever waits with the lock believes in it."""
    seen = turn.seen
    turn.seen = seen._replace(changed=0)
    WAITING(turn)
    if turn.seen.changed == 0:
        turn.seen = turn.seen._replace(changed=seen.changed)


def leaves_unnoted(turn: Turn) -> bool:
    service = turn.service
    turn.service = service._replace(noted=service.noted or -1)
    goes_on = bool(MAY_GO_ON(turn))
    turn.service = turn.service._replace(noted=0 if turn.service.noted == -1 else turn.service.noted)
    return goes_on


def mounts_without_clone(turn: Turn) -> None:
    turn.tenure = turn.tenure._replace(unclean=False)
    MOUNTING(turn)


def plain_epoch(epoch: int) -> bytes:
    return str(epoch).encode().ljust(RECORD_BYTES - 1) + b"\n"


def decode_plain(content: bytes) -> int | None:
    """Formerly there was no sum."""
    text = content.decode("ascii", "replace").strip(" \0\n")
    return record.number(text) if text else 0


def mends_nothing(_: Any) -> Steps:
    yield from ()


def mounts_as_watched(turn: Turn, reason: str) -> None:
    turn.tenure = turn.tenure._replace(watched=True)
    TO_MOUNT(turn, reason)


def takes_over_seen_ones_only(turn: Turn, reason: str) -> None:
    see, memory = turn.see, turn.memory
    turn.see = see._replace(lease=see.lease._replace(noted=0))
    turn.memory = memory._replace(epoch=0)
    TAKE(turn, reason)
    turn.see = see


TO_MOUNT = owner.to_mount
TAKE, MOUNTING, WAITING, ADOPTING = candidate.take, owner.mounting, candidate.waiting, service.adopting
MAY_GO_ON = owner.may_go_on
