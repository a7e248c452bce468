"""The service: when it is well, when it has failed, when another node tries; and what a new agent takes over."""

from agent.core import types as core
from agent.core.types import Answer, Claim, DataView, Docker, Ending, JobKind, Work
from core_rig import SETTINGS, Rig, record

LEAVING = {"Stopping", "Unmounting", "Releasing"}


def restarted(rig: Rig) -> None:
    """Through the next start to a container that runs."""
    for _ in range(3):
        if rig.first(core.StartContainer, rig.round(200)):
            break
    assert rig.phase() == "Launching", (rig.phase(), rig.state.reason)
    rig.started()


def test_a_service_that_dies_late_after_each_start_goes_to_another_node() -> None:
    """Each life is longer than `hold_off`, and never well."""
    rig = Rig().to_warming()
    for _ in range(SETTINGS.failures - 1):
        rig.rounds(70_000)
        rig.dies()
        restarted(rig)
    rig.rounds(70_000)
    rig.dies()
    rig.round(1_000)
    assert rig.phase() in LEAVING
    assert "3 times" in rig.state.memory.failure
    assert rig.state.memory.hold_until > rig.mono


def test_a_service_that_is_unwell_after_each_slow_start_goes_to_another_node() -> None:
    rig = Rig().to_warming()
    for _ in range(SETTINGS.failures):
        rig.rounds(90_000)
        rig.health(Answer.OK)
        rig.round(1_000)
        assert rig.phase() == "Active"
        rig.ended(JobKind.NOTE_SERVED) if rig.first(core.NoteServed) else None
        rig.health(Answer.REFUSED)
        rig.rounds(6_000)
        if rig.phase() != "Halting":
            break
        rig.done = [core.StopContainer(rig.state.phase.job, 1, 1)]  # type: ignore[union-attr]
        rig.ended(JobKind.STOP_CONTAINER)
        rig.dies()
        rig.round(10)
        restarted(rig)
    assert rig.phase() in LEAVING and "3 times" in rig.state.memory.failure


def test_only_a_time_of_being_well_ends_the_count() -> None:
    rig = Rig().to_active()
    rig.dies()
    restarted(rig)
    assert rig.state.memory.tries == 1
    rig.health(Answer.OK)
    rig.rounds(SETTINGS.well_time - 5_000)
    assert rig.state.memory.tries == 1
    rig.rounds(10_000)
    assert rig.state.memory.tries == 0 and rig.state.memory.failure == ""


def test_an_operator_may_forget_the_failures() -> None:
    rig = Rig().to_active()
    rig.dies()
    rig.round(1_000)
    assert rig.state.memory.tries == 1
    rig.orders(forget_failures=1)
    rig.round(1_000)
    assert rig.state.memory.tries == 0
    rig.dies()


def test_the_deadline_of_a_start_counts_from_the_first_try() -> None:
    rig = Rig(SETTINGS._replace(failures=100)).to_warming()
    began, lives = rig.mono, 0
    while rig.phase() in {"Warming", "Confirming", "Launching"} and lives < 50:
        rig.rounds(20_000)
        if rig.phase() != "Warming":
            break
        rig.dies()
        for _ in range(2):
            if rig.first(core.StartContainer, rig.round(500)):
                rig.started()
                break
        lives += 1
    assert rig.phase() in LEAVING
    assert SETTINGS.start_deadline <= rig.mono - began < SETTINGS.start_deadline + 60_000


def test_a_pause_counts_for_no_deadline() -> None:
    rig = Rig().to_launching()
    rig.ended(JobKind.START_CONTAINER)
    rig.container(docker=Docker.RUNNING, live=True)
    rig.orders(paused="maintenance")
    rig.rounds(SETTINGS.start_deadline + 60_000)
    rig.orders(paused="")
    rig.rounds(10_000)
    assert rig.phase() == "Warming"
    rig = Rig().to_active()
    rig.orders(paused="maintenance")
    rig.health(Answer.REFUSED)
    rig.rounds(60_000)
    rig.orders(paused="")
    rig.round(1_000)
    assert rig.phase() == "Active"


def test_a_busy_service_is_not_started_again_for_a_minute() -> None:
    rig = Rig().to_active()
    for answer in (Answer.SLOW, Answer.ERROR):
        rig.health(answer)
        rig.rounds(SETTINGS.slow_time - 5_000)
        assert rig.phase() == "Active"
        rig.health(Answer.OK)
        rig.round(1_000)
    rig.health(Answer.SLOW)
    rig.rounds(SETTINGS.slow_time + 2_000)
    assert rig.phase() == "Halting"


def test_a_service_that_nobody_listens_for_is_started_again_soon() -> None:
    rig = Rig().to_active()
    rig.health(Answer.REFUSED)
    rig.rounds(SETTINGS.refused_time + 2_000)
    assert rig.phase() == "Halting"


def test_refused_once_while_slow_is_still_busy() -> None:
    rig = Rig().to_active()
    for _ in range(10):
        rig.health(Answer.REFUSED)
        rig.rounds(2_000)
        rig.health(Answer.SLOW)
        rig.rounds(2_000)
    assert rig.phase() == "Active"


def test_without_the_server_nothing_is_started_again() -> None:
    rig = Rig().to_active()
    rig.answers = False
    rig.lease(pending=True)
    rig.health(Answer.REFUSED)
    rig.rounds(5_000)
    assert rig.phase() == "Active"
    sent = rig.only(core.Write).sent if rig.first(core.Write) else rig.boot - 4_000
    now = rig.see.lease.confirmed
    assert now is not None
    rig.answers = True
    rig.lease(pending=False, sent=sent, confirmed=now)
    rig.round(1_000)
    rig.rounds(SETTINGS.grace_time - 3_000)
    assert rig.phase() == "Active", "nobody may open a file before the grace time is over"
    rig.rounds(SETTINGS.refused_time + 4_000)
    assert rig.phase() == "Halting"


def test_a_container_that_ended_is_started_again_here() -> None:
    rig = Rig().to_active()
    rig.dies()
    rig.round(1_000)
    assert rig.phase() == "Confirming" and rig.state.tenure.epoch == 1
    restarted(rig)


def test_a_start_that_docker_refuses_is_tried_again_a_little_later() -> None:
    rig = Rig().to_launching()
    rig.ended(JobKind.START_CONTAINER, "no such device")
    rig.round(10)
    assert rig.first(core.StartContainer, rig.rounds(3_000)) is None
    assert rig.first(core.StartContainer, rig.rounds(4_000)) is not None


def test_a_version_that_answered_is_noted_at_once() -> None:
    rig = Rig().to_warming()
    rig.health(Answer.OK)
    rig.round(100)
    note = rig.only(core.NoteServed)
    assert note.container == "rancher-1" and note.epoch == 1
    rig.ended(JobKind.NOTE_SERVED, "no space")
    rig.round(100)
    assert rig.only(core.NoteServed).job > note.job, "and again until it is there"
    rig.ended(JobKind.NOTE_SERVED)
    rig.round(100)
    assert rig.only(core.Settle).epoch == 1, "a copy is settled by a start that went well, and only by that"


def test_a_service_that_is_stopped_before_it_is_known_to_be_well_is_noted_before_anything_is_released() -> None:
    """It may have answered since it was last asked, or answers while it ends."""
    rig = Rig().to_warming()
    rig.orders(leave="upgrade")
    rig.round(10)
    number = rig.number(JobKind.STOP_CONTAINER)
    note = rig.only(core.NoteServed)
    rig.dies()
    rig.done = [core.StopContainer(number, 1, 1)]
    rig.ended(JobKind.STOP_CONTAINER)
    assert rig.first(core.UnmountData, rig.rounds(2_000)) is None
    rig.done = [note]
    rig.ended(JobKind.NOTE_SERVED)
    rig.round(10)
    rig.only(core.UnmountData)


def test_a_copy_that_must_be_is_waited_for_and_any_other_is_not() -> None:
    for words, phase in (("must: no space", "Unmounting"), ("too slow", "Confirming")):
        rig = Rig().to_mounting()
        rig.see = rig.see._replace(data=DataView(mounted=True))
        rig.ended(JobKind.MOUNT_DATA)
        rig.round(10)
        rig.ended(JobKind.COPY_DATASTORE, words)
        rig.round(10)
        assert rig.phase() == phase


def test_data_without_its_sentinel_starts_nothing() -> None:
    rig = Rig().to_mounting()
    rig.see = rig.see._replace(data=DataView(mounted=True))
    rig.ended(JobKind.MOUNT_DATA, "the sentinel is missing")
    rig.round(10)
    assert rig.phase() in LEAVING and "sentinel" in rig.state.memory.failure


def test_a_backup_stops_the_service_and_starts_it_again() -> None:
    rig = Rig().to_active()
    work = Work("1", "pack")
    rig.orders(work=work)
    rig.round(10)
    rig.ended(JobKind.STOP_CONTAINER)
    rig.dies()
    rig.round(10)
    rig.ended(JobKind.MOUNT_DATA)
    rig.round(10)
    assert rig.only(core.StartWork).work == work
    rig.ended(JobKind.WORK)
    rig.orders(work=None)
    rig.round(10)
    assert rig.only(core.WorkEnded).words == ""
    rig.through_mount()


# ---- a new agent ----


def next_agent(before: Rig, memory: core.Memory | None = None, **seen: object) -> Rig:
    rig = Rig(SETTINGS._replace(version="v2"), before.state.memory if memory is None else memory)
    rig.mono, rig.boot = before.mono + 1_500, before.boot + 1_500
    rig.see = before.see._replace(jobs={}, health=core.HealthView(), **seen)  # type: ignore[arg-type]
    return rig


def test_a_new_agent_takes_the_running_service_over() -> None:
    before = Rig().to_active()
    rig = next_agent(before)
    done = rig.round(10)
    assert rig.phase() == "Active"
    assert rig.state.tenure.epoch == before.state.tenure.epoch
    assert rig.state.tenure.sent == before.see.lease.sent, "its deadline goes on"
    assert rig.only(core.ArmWatchdog).sent == before.see.lease.sent
    assert not any(isinstance(action, (core.KillContainer, core.StopContainer)) for action in done)
    assert rig.only(core.SetTrack).fit is True
    assert rig.first(core.Write, rig.rounds(1_000)) is not None
    assert rig.see.lease.confirmed is not None and rig.see.lease.confirmed.version == "v2"


def test_a_new_agent_with_a_longer_time_keeps_to_the_shorter_one_until_a_heartbeat_says_otherwise() -> None:
    """A successor waits for as long as the last one says."""
    longer = SETTINGS._replace(version="v2", give_up=12_000, watchdog=20_000, lease_time=30_000, grace_time=30_000)
    before = Rig().to_active()
    for answers in (False, True):
        rig = next_agent(before)
        rig.state = core.initial(longer, before.state.memory)
        rig.answers = answers
        rig.round(10)
        assert rig.only(core.ArmWatchdog).limit == 10_000
        if answers:
            assert rig.only(core.Write).record.silence == 20_000
            rig.round(10)
            assert rig.only(core.FeedWatchdog).limit == 20_000
            rig.answers = False
        sent, limit = rig.state.tenure.sent, 12_000 if answers else 8_000
        while rig.phase() == "Active":
            rig.round(500)
        assert limit < rig.boot - sent <= limit + 500
        while not rig.first(core.ResetNode):
            rig.round(100)
        assert 0 <= rig.boot - sent - (19_000 if answers else 9_000) < 200


def test_a_new_agent_that_comes_too_late_kills() -> None:
    before = Rig().to_active()
    rig = next_agent(before)
    rig.boot += 7_000
    rig.round(10)
    assert isinstance(rig.done[0], core.KillContainer)


def test_a_new_agent_without_the_lease_kills_what_runs() -> None:
    before = Rig().to_active()
    rig = next_agent(before)
    rig.lease(alive=False, locked=False, confirmed=None)
    rig.round(10)
    assert isinstance(rig.done[0], core.KillContainer)
    assert rig.first(core.ResetNode, rig.rounds(3_000)) is not None, "and resets, since this node was the owner"


def test_a_new_agent_without_the_lease_has_the_time_that_the_last_heartbeat_left() -> None:
    """A successor waits as long; a container may take a moment to die."""
    before = Rig().to_active()
    rig = next_agent(before)
    sent = rig.boot - 2_000
    rig.see = rig.see._replace(beaten=core.Beat(sent, 10_000))
    rig.lease(alive=False, locked=False, confirmed=None)
    rig.round(10)
    assert isinstance(rig.done[0], core.KillContainer)
    while not rig.first(core.ResetNode):
        rig.round(100)
    assert 9_000 <= rig.boot - sent < 9_200
    # What is older leaves no time.
    rig = next_agent(before)
    rig.see = rig.see._replace(beaten=core.Beat(rig.boot - 60_000, 10_000))
    rig.lease(alive=False, locked=False, confirmed=None)
    rig.round(10)
    assert rig.first(core.ResetNode, rig.rounds(2_000)) is not None


def test_a_new_agent_goes_on_with_a_start_and_with_a_hand_over() -> None:
    before = Rig().to_launching()
    rig = next_agent(before)
    rig.round(10)
    assert rig.phase() == "Mounting"
    before = Rig().to_active()
    before.orders(leave="switchover")
    before.rounds(2_000)
    rig = next_agent(before)
    rig.round(10)
    assert rig.phase() == "Stopping"


def test_a_new_agent_waits_until_it_is_known_whether_a_start_still_happens() -> None:
    before = Rig().to_launching()
    rig = next_agent(before)
    rig.container(docker=Docker.UNKNOWN, start_pending=True)
    rig.answers = True
    rig.round(10)
    assert rig.phase() == "Adopting"
    assert rig.first(core.StartContainer, rig.rounds(5_000)) is None
    assert rig.first(core.Write, rig.rounds(2_000)) is not None, "the lease goes on meanwhile"
    rig.container(docker=Docker.RUNNING, live=True, start_pending=False)
    rig.round(1_000)
    assert rig.phase() == "Warming"


def test_a_new_agent_looks_on_in_a_pause() -> None:
    before = Rig().to_active()
    before.orders(paused="maintenance")
    before.dies()
    rig = next_agent(before)
    done = rig.rounds(5_000)
    assert not any(isinstance(action, (core.MountData, core.StartContainer, core.UnmountData)) for action in done)
    assert rig.first(core.Write, done) is not None


def test_failures_outlive_the_agent() -> None:
    before = Rig().to_active()
    before.dies()
    restarted(before)
    rig = next_agent(before)
    rig.round(10)
    assert rig.state.memory.tries == 1


def test_an_agent_that_is_replaced_leaves_the_service_running() -> None:
    rig = Rig().to_active()
    done = rig.round(10, ending=Ending.RESTART)
    rig.only(core.Exit)
    kinds = (core.StopContainer, core.KillContainer, core.Drop, core.DisarmWatchdog, core.SetTrack)
    assert not any(isinstance(action, kinds) for action in done)


def test_an_agent_is_replaced_only_where_nothing_is_under_way() -> None:
    rig = Rig().to_mounting()
    rig.round(10, ending=Ending.RESTART)
    assert rig.first(core.Exit) is None


def test_what_a_new_agent_must_know_is_kept_before_it_is_needed() -> None:
    rig = Rig().to_owner()
    kept = rig.done.index(rig.only(core.Remember))
    assert kept < rig.done.index(rig.only(core.Take))
    assert rig.only(core.Remember).memory.epoch == 1


def test_a_released_lease_of_an_agent_before_is_let_go_of() -> None:
    rig = Rig()
    rig.lease(locked=True, confirmed=record("a", claim=Claim.RELEASED), record=record("a", claim=Claim.RELEASED), epoch=1)
    rig.round(10)
    assert rig.first(core.Drop) is not None and rig.phase() == "Standby"


def test_docker_counts_less_than_the_kernel() -> None:
    rig = Rig().to_active()
    rig.container(docker=Docker.EXITED, live=True)
    rig.rounds(3_000)
    assert rig.phase() == "Active"
    rig.container(docker=Docker.RUNNING, live=False)
    rig.round(1_000)
    assert rig.phase() == "Confirming"


def test_one_of_several_that_ends_is_a_failure_and_all_are_stopped_in_order_and_started_anew() -> None:
    for rig in (Rig().to_warming(), Rig().to_active()):
        rig.container(ended="rancher-db")
        rig.round(10)
        assert rig.phase() == "Halting" and rig.only(core.StopContainer).grace == SETTINGS.stop_grace
        assert rig.state.memory.tries == 1 and rig.state.memory.failure == "rancher-db ended by itself"
        rig.ended(JobKind.STOP_CONTAINER)
        rig.container(docker=Docker.EXITED, live=False, ended="")
        rig.round(10)
        restarted(rig)
    # Not while nobody can know yet which of them run.
    rig = Rig().to_active()
    rig.container(ended="rancher-db", start_pending=True)
    rig.round(10)
    assert rig.phase() == "Active"


def test_one_of_several_that_always_ends_goes_to_another_node() -> None:
    rig = Rig().to_active()
    for _ in range(SETTINGS.failures):
        rig.container(ended="rancher-db")
        rig.round(1_000)
        if rig.phase() != "Halting":
            break
        rig.ended(JobKind.STOP_CONTAINER)
        rig.container(docker=Docker.EXITED, live=False, ended="")
        rig.round(10)
        restarted(rig)
    assert rig.phase() in LEAVING and "3 times" in rig.state.memory.failure


def test_what_went_wrong_after_a_stop_in_order_is_told_and_the_lease_is_released() -> None:
    rig = Rig().to_active()
    rig.orders(leave="a test")
    rig.round(10)
    number = rig.number(JobKind.STOP_CONTAINER)
    view = core.JobView(number, core.JobStatus.OK, "the hook clean after the stop ended with exit code 3")
    rig.see = rig.see._replace(jobs={**rig.see.jobs, JobKind.STOP_CONTAINER: view})
    rig.container(docker=Docker.EXITED, live=False)
    done = rig.round(10)
    assert [action.text for action in done if isinstance(action, core.Event) and action.kind == "failure"] == [view.words]
    assert rig.phase() == "Unmounting"
