"""The agent's decision: what was, and what is seen, make what is to be done. No clock, no I/O, nothing that can act."""

from collections.abc import Callable, Sequence

from . import actions as act
from .candidate import contending, standby, waiting
from .fitness import check_fence
from .follow import announce, keep_refusing, track
from .killing import killing
from .leaving import releasing, stopping, unmounting
from .observation import Ending, Now, Observation
from .owner import cloning, confirming, copying, keep_lease, launching, mounting, taking, working
from .requests import next_request
from .rest import rest
from .service import active, adopting, begin, halting, may_be_replaced, warming
from .state import (
    OWNERS,
    Active,
    Adopting,
    Begin,
    Cloning,
    Confirming,
    Contending,
    Copying,
    Ended,
    Halting,
    Killing,
    Launching,
    Mounting,
    Releasing,
    Standby,
    State,
    Stopping,
    Taking,
    Unmounting,
    Waiting,
    Warming,
    Working,
)
from .turn import Turn
from .watch import watch

Step = Callable[[Turn], None]


def ended(_: Turn) -> None:
    """Nothing more."""


STEPS: dict[type, Step] = {
    Begin: begin,
    Standby: standby,
    Contending: contending,
    Waiting: waiting,
    Adopting: adopting,
    Taking: taking,
    Mounting: mounting,
    Cloning: cloning,
    Copying: copying,
    Working: working,
    Confirming: confirming,
    Launching: launching,
    Warming: warming,
    Active: active,
    Halting: halting,
    Stopping: stopping,
    Unmounting: unmounting,
    Releasing: releasing,
    Killing: killing,
    Ended: ended,
}

#: As long as one step follows the other without waiting for anything, they are taken at once; no way is longer.
MOST_STEPS = 8


def decide(state: State, observation: Observation, now: Now) -> tuple[State, Sequence[act.Action]]:
    """The next state, and the actions in the order in which they are to be carried out. Never raises."""
    turn = Turn(state, observation, now)
    watch(turn)
    keep_refusing(turn)
    steps(turn)
    check_fence(turn)
    if may_be_replaced(turn):
        turn.become(Ended(), "another agent takes over")
        turn.do(act.Exit())
    next_request(turn)
    track(turn)
    if turn.tenure.sent != state.tenure.sent:
        announce(turn)
    rest(turn)
    forget_tenure(turn)
    if turn.memory is not state.memory and turn.memory != state.memory:
        remember(turn)
    return turn.state(), turn.actions


def steps(turn: Turn) -> None:
    for _ in range(MOST_STEPS):
        before = turn.phase
        if isinstance(before, OWNERS):
            if not keep_lease(turn):
                before = turn.phase
            elif observation_only(turn):
                stand_still(turn)
                return
        STEPS[type(before)](turn)
        if turn.phase is before:
            return


def observation_only(turn: Turn) -> bool:
    """While paused an owner keeps its lease and touches nothing else; first it finds out what there is."""
    see = turn.see
    return bool(see.orders.paused) and see.ending is not Ending.STOP and not isinstance(turn.phase, Adopting)


def stand_still(turn: Turn) -> None:
    """A pause counts for no deadline, nor for how long the service has not been well."""
    passed = turn.mono - turn.round
    turn.since += passed
    memory, service = turn.memory, turn.service
    if memory.first_started:
        turn.memory = memory._replace(first_started=memory.first_started + passed)
    if service.unwell:
        refused = service.refused + passed if service.refused else 0
        turn.service = service._replace(unwell=service.unwell + passed, refused=refused)


def forget_tenure(turn: Turn) -> None:
    """It is noted for all to see that nothing of it writes any more."""
    memory = turn.memory
    if memory.epoch and isinstance(turn.phase, Standby) and turn.see.lease.noted == memory.epoch:
        turn.memory = memory._replace(epoch=0, unclean=False)


def remember(turn: Turn) -> None:
    """Before whatever a new agent would have to know about; but nothing comes before killing."""
    place = 1 if turn.actions and isinstance(turn.actions[0], act.KillContainer) else 0
    turn.actions.insert(place, act.Remember(turn.memory))
