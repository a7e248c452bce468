"""Carries out what the core has decided, one action after the other. Nothing here waits for anything."""

from typing import Callable, Optional

from .clock import awake_ms, boot_ms
from .core import actions as act
from .core.lease_requests import REQUESTS
from .core.observation import JobKind, Work
from .lease.wire import record_words
from .node import Node
from .story import Story, next_event

#: Rounds after which the track file is looked at, whether or not it was written.
_SELDOM = 5


class Hands:
    """`work_file`: what file a piece of work is about. `work_ended`: tells whoever asked."""

    def __init__(self, node: Node, work_file: Callable[[Work], str], work_ended: Callable[[act.WorkEnded], None]) -> None:
        self._node = node
        self._work_file = work_file
        self._work_ended = work_ended
        # Until the core has said it, what the agent before this one has left stands: a restart does not move the VIP.
        self._fit: Optional[bool] = None
        self._written = False
        self._rounds = 0
        self._story = Story()
        self.wake_at = 0
        self.exit = False
        self.epoch = node.memory.epoch
        self._do: dict[type, Callable[[act.Action], None]] = self._table()

    def do(self, action: act.Action) -> None:
        self._do[type(action)](action)

    def _table(self) -> "dict[type, Callable[[act.Action], None]]":
        return {
            **dict.fromkeys(REQUESTS, self._ask),
            act.Drop: lambda _: self._node.lease.drop(),
            act.KillContainer: lambda _: self._node.container.kill(),
            act.ResetNode: self._reset,
            act.ArmWatchdog: self._arm,
            act.FeedWatchdog: self._feed,
            act.DisarmWatchdog: lambda _: self._node.dog.disarm(),
            act.SetTrack: self._track,
            act.Announce: self._announce,
            **dict.fromkeys(_PROCESSES, self._process),
            act.CheckContainer: self._check_container,
            act.StartContainer: self._start_container,
            act.StopContainer: self._stop_container,
            act.CancelJob: self._cancel,
            act.WorkEnded: self._tell_work_ended,
            act.AskHealth: self._ask_health,
            act.StopAsking: lambda _: self._node.health.ask(0),
            act.Remember: self._remember,
            act.Event: self._event,
            act.Wake: self._wake,
            act.Rest: lambda _: None,
            act.Exit: self._exit,
        }

    @property
    def unfit(self) -> int:
        """Since when this node refuses the VIP, `mono`; 0: it does not, or the agent before this one said it."""
        return self._story.unfit

    def repeat(self) -> None:
        """What could not be written, or was changed by somebody, is written again."""
        self._rounds += 1
        if not self._written or self._rounds % _SELDOM == 0:
            track = self._node.track
            self._written = track.begin() if self._fit is None else track.write(self._fit)
        self._node.dog.idle()

    def _ask(self, action: act.Action) -> None:
        self._node.lease.ask(action)  # type: ignore[arg-type]

    def _reset(self, action: act.Action) -> None:
        assert isinstance(action, act.ResetNode)
        self._node.events.say("reset", action.reason, node=self._node.setup.core.node, epoch=self.epoch)
        self._node.reset.now()

    def _arm(self, action: act.Action) -> None:
        assert isinstance(action, act.ArmWatchdog)
        self._node.dog.arm(action.sent + action.limit - boot_ms())

    def _feed(self, action: act.Action) -> None:
        assert isinstance(action, act.FeedWatchdog)
        self._node.dog.feed(action.sent + action.limit - boot_ms())

    def _track(self, action: act.Action) -> None:
        assert isinstance(action, act.SetTrack)
        self._fit = action.fit
        self._written = self._node.track.write(action.fit)

    def _announce(self, _: act.Action) -> None:
        announcer = self._node.announcer
        before = announcer.words
        announcer.announce()
        if announcer.words != before:
            words = announcer.words or "the network is told again where the VIP is"
            self._node.events.say("degraded", words, node=self._node.setup.core.node)

    def _process(self, action: act.Action) -> None:
        kind, arguments = _PROCESSES[type(action)]
        words = arguments(action)
        if isinstance(action, act.StartWork):
            words = [str(self.epoch), *words, self._work_file(action.work)]
        self._node.jobs.process(kind, action.job, action.limit, words)  # type: ignore[union-attr]

    def _check_container(self, action: act.Action) -> None:
        assert isinstance(action, act.CheckContainer)
        container, limit = self._node.container, action.limit
        self._node.jobs.call(JobKind.CHECK_CONTAINER, action.job, limit, lambda: container.check(limit))

    def _start_container(self, action: act.Action) -> None:
        assert isinstance(action, act.StartContainer)
        container, limit = self._node.container, action.limit
        order = container.starting()
        self._node.jobs.call(JobKind.START_CONTAINER, action.job, limit, lambda: container.start(limit, order))

    def _stop_container(self, action: act.Action) -> None:
        assert isinstance(action, act.StopContainer)
        container, limit, grace = self._node.container, action.limit, action.grace
        order = container.stopping()
        self._node.jobs.call(JobKind.STOP_CONTAINER, action.job, limit, lambda: container.stop(limit, grace, order))

    def _cancel(self, action: act.Action) -> None:
        assert isinstance(action, act.CancelJob)
        self._node.jobs.cancel(action.kind)

    def _tell_work_ended(self, action: act.Action) -> None:
        assert isinstance(action, act.WorkEnded)
        self._work_ended(action)

    def _ask_health(self, action: act.Action) -> None:
        assert isinstance(action, act.AskHealth)
        self._node.health.ask(action.questions)

    def _remember(self, action: act.Action) -> None:
        assert isinstance(action, act.Remember)
        self.epoch = action.memory.epoch
        self._node.notes.remember(action.memory)

    def _event(self, action: act.Action) -> None:
        assert isinstance(action, act.Event)
        self._story, more, follow = next_event(self._story, action.kind, dict(action.more), awake_ms())
        events, who = self._node.events, {"node": self._node.setup.core.node, "epoch": self.epoch}
        events.say(action.kind, action.text, **{**who, **more})
        for kind, text, others in follow:
            events.say(kind, text, **{**who, **others})

    def _wake(self, action: act.Action) -> None:
        assert isinstance(action, act.Wake)
        self.wake_at = action.at if not self.wake_at else min(self.wake_at, action.at)

    def _exit(self, _: act.Action) -> None:
        self.exit = True


def _epoch(action: act.Action) -> "list[str]":
    return [str(action.epoch)]  # type: ignore[union-attr]


def _nothing(_: act.Action) -> "list[str]":
    return []


#: Which job is done for an action, and with what arguments (job.py).
_PROCESSES: "dict[type, tuple[JobKind, Callable[[act.Action], list[str]]]]" = {
    act.MountLease: (JobKind.MOUNT_LEASE, lambda action: ["again" if action.again else "first"]),  # type: ignore[union-attr]
    act.MountData: (JobKind.MOUNT_DATA, lambda action: [str(action.epoch), "unwatched" if action.unwatched else "watched"]),  # type: ignore[union-attr]
    act.CloneData: (JobKind.CLONE_DATA, _epoch),
    act.CopyDatastore: (JobKind.COPY_DATASTORE, lambda action: [str(action.epoch), str(action.quick)]),  # type: ignore[union-attr]
    act.StartWork: (JobKind.WORK, lambda action: [action.work.number, action.work.verb]),  # type: ignore[union-attr]
    act.UnmountData: (JobKind.UNMOUNT_DATA, lambda action: ["force" if action.force else "in-order"]),  # type: ignore[union-attr]
    act.NoteServed: (JobKind.NOTE_SERVED, lambda action: [str(action.epoch), action.container]),  # type: ignore[union-attr]
    act.Settle: (JobKind.SETTLE, _epoch),
    act.RunFence: (JobKind.FENCE, lambda action: [action.node, record_words(action.last)]),  # type: ignore[union-attr]
    act.CheckFence: (JobKind.CHECK_FENCE, _nothing),
}
