"""Is this node fit to have the VIP? Looked at while it is not the owner of the lease."""

from . import actions as act
from .observation import Docker, JobKind, JobStatus
from .room import Level, words_of
from .settings import WatchdogMode
from .turn import Turn

#: Errors of the lease directory for so long: it is mounted anew, milliseconds.
STALE_TIME = 30_000
#: Docker is asked every so many heartbeats.
CHECK_EVERY = 10


def keep_fit(turn: Turn) -> None:
    """Asks Docker now and then, and mounts the lease directory."""
    checks, settings, see = turn.checks, turn.settings, turn.see
    if checks.container:
        done = turn.outcome(JobKind.CHECK_CONTAINER, checks.container)
        if done:
            turn.checks = checks = checks._replace(
                container=0, checked=True, next_check=turn.mono + CHECK_EVERY * settings.heartbeat
            )
    elif turn.mono >= checks.next_check and not turn.runs(JobKind.CHECK_CONTAINER):
        job = turn.job()
        turn.do(act.CheckContainer(job, settings.start_limit))
        turn.checks = checks = checks._replace(container=job)
    failed = checks.lease_failed or turn.mono if see.lease.error else 0
    if failed != checks.lease_failed:
        turn.checks = checks = checks._replace(lease_failed=failed)
    stale = bool(failed) and turn.mono - failed > STALE_TIME
    if not see.lease_mounted or stale:
        mount_lease(turn, stale)


def mount_lease(turn: Turn, again: bool) -> None:
    checks = turn.checks
    if checks.lease:
        done = turn.outcome(JobKind.MOUNT_LEASE, checks.lease)
        # A failure is tried again after as long as Docker's.
        if done is None or (done.status is JobStatus.FAILED and turn.mono - checks.lease_at < STALE_TIME // 3):
            return
    job = turn.job()
    turn.do(act.MountLease(job, turn.settings.start_limit, again))
    turn.checks = checks._replace(lease=job, lease_at=turn.mono, lease_failed=0)


def look_for_faults(turn: Turn) -> None:
    """Why this node must not have the VIP, in `fault`."""
    fault = find_fault(turn)
    if fault != turn.fault:
        turn.fault = fault
        if fault:
            turn.say("unfit", fault)
        else:
            turn.say("fit", "fit again")


def find_fault(turn: Turn) -> str:
    see = turn.see
    orders = see.orders
    if see.unfit:
        return see.unfit
    if not turn.checks.checked:
        return "Docker was not asked yet"
    if see.container.docker is Docker.UNKNOWN:
        return "Docker does not answer"
    if see.container.docker is Docker.MISSING:
        return see.container.words or f"there is no container {turn.settings.container}"
    if see.container.start_pending:
        return "a start of the container may still happen"
    lease = lease_fault(turn)
    if lease:
        return lease
    if see.server_lease is not None and see.server_lease <= turn.settings.watchdog:
        return f"the NFS server's lease time is {see.server_lease} ms, and must be more than {turn.settings.watchdog} ms"
    if turn.settings.watchdog_mode is WatchdogMode.REQUIRED and not see.watchdog.available:
        return f"`watchdog` is required, and there is none: {see.watchdog.words or 'no device'}"
    if turn.checks.room is Level.FULL:
        return words_of(see.lease.room, Level.FULL)
    if orders.leave:
        return f"told to hand over: {orders.leave}"
    if orders.banned:
        return f"banned: {orders.banned}"
    if turn.mono < turn.memory.hold_until:
        return turn.memory.hold_reason
    return ""


def lease_fault(turn: Turn) -> str:
    lease = turn.see.lease
    if not turn.see.lease_mounted:
        return "the lease directory is not mounted with the right version of NFS"
    if lease.error:
        return f"the lease directory: {lease.error}"
    if lease.barred:
        return f"the NFS server has cut this node off since epoch {lease.barred}: it is let in again once nothing of it runs here"
    if not lease.answered:
        return "the lease directory has not answered yet"
    if turn.boot - lease.answered > turn.settings.give_up:
        return "the lease directory does not answer"
    return ""


def check_fence(turn: Turn) -> None:
    """Would the fence agent work? Asked by all nodes, before it is needed."""
    checks, settings = turn.checks, turn.settings
    if not settings.fence:
        return
    if checks.fence:
        done = turn.outcome(JobKind.CHECK_FENCE, checks.fence)
        if done is None:
            return
        words = (done.words or "no word") if done.status is JobStatus.FAILED else ""
        if words != checks.fence_words:
            turn.say("fence", words or "the fence agent answers")
        turn.checks = checks._replace(fence=0, fence_words=words)
    elif not checks.fence_at or turn.mono - checks.fence_at >= settings.fence_check:
        job = turn.job()
        turn.do(act.CheckFence(job, settings.fence_limit))
        turn.checks = checks._replace(fence=job, fence_at=turn.mono)
