"""The owner's duties: heartbeats, giving up, killing, resetting, leaving in order."""

from agent.core import types as core
from agent.core.types import Claim, DataView, Docker, Ending, JobKind, NoRecord, WatchdogMode
from core_rig import SETTINGS, Rig, record


def test_no_start_without_a_heartbeat_confirmed_after_it_was_decided() -> None:
    rig = Rig().to_mounting()
    rig.see = rig.see._replace(data=DataView(mounted=True))
    rig.ended(JobKind.MOUNT_DATA)
    rig.round(10)
    rig.answers = False
    rig.ended(JobKind.COPY_DATASTORE)
    rig.round(10)
    assert rig.phase() == "Confirming"
    asked = rig.only(core.Write)
    for _ in range(3):
        assert rig.first(core.StartContainer, rig.round(500)) is None
    rig.lease(confirmed=asked.record, sent=asked.sent)
    rig.round(10)
    rig.only(core.StartContainer)


def test_an_owner_gives_up_without_confirmed_heartbeats() -> None:
    rig = Rig().to_active()
    rig.answers = False
    rig.lease(pending=True)
    done = rig.rounds(6_000)
    assert rig.first(core.KillContainer, done) is None
    rig.round(1_000)
    assert isinstance(rig.done[0], core.KillContainer), "nothing comes before it"
    assert rig.only(core.SetTrack).fit is False
    assert rig.phase() == "Killing"


def test_time_asleep_counts_for_the_owner() -> None:
    """The machine slept: its monotonic clock stood still."""
    rig = Rig().to_active()
    rig.boot += 7_000
    rig.round(10)
    assert isinstance(rig.done[0], core.KillContainer)


def test_a_lost_lease_kills_at_once() -> None:
    for lost in ({"alive": False, "locked": False}, {"locked": False, "error": "EIO"}):
        rig = Rig().to_active()
        rig.lease(**lost)
        rig.round(10)
        assert isinstance(rig.done[0], core.KillContainer)


def test_a_foreign_epoch_kills_at_once() -> None:
    rig = Rig().to_active()
    rig.answers = False
    rig.lease(epoch=7)
    rig.round(10)
    assert isinstance(rig.done[0], core.KillContainer)


def test_the_watchdog_is_fed_by_confirmed_heartbeats_alone() -> None:
    rig = Rig().to_active()
    rig.round(1_000)
    sent = rig.only(core.Write).sent
    assert [action.sent for action in rig.round(1_000) if isinstance(action, core.FeedWatchdog)] == [sent]
    rig.answers = False
    rig.round(1_000)
    assert rig.first(core.FeedWatchdog, rig.rounds(20_000)) is None


def test_a_stop_that_fails_ends_in_a_reset() -> None:
    """One heartbeat before the watchdog, counted from the last heartbeat that was confirmed."""
    rig = Rig().to_active()
    rig.answers = False
    rig.round(1_000)
    sent = rig.state.tenure.sent
    rig.lease(pending=True)
    while rig.boot + 1_000 < sent + SETTINGS.watchdog - SETTINGS.heartbeat:
        assert rig.first(core.ResetNode, rig.round(1_000)) is None
    rig.round(sent + SETTINGS.watchdog - SETTINGS.heartbeat - rig.boot)
    assert rig.only(core.ResetNode).reason
    assert rig.first(core.KillContainer) is not None, "and the killing goes on"
    assert rig.first(core.DisarmWatchdog) is None


def test_a_mount_that_does_not_go_is_a_fence_too() -> None:
    rig = Rig().to_active()
    rig.answers = False
    rig.lease(pending=True)
    rig.rounds(7_000)
    rig.dies()
    done = rig.rounds(4_000)
    assert rig.first(core.UnmountData, done) is not None
    assert rig.first(core.ResetNode, done) is not None


def test_who_is_certain_to_be_silent_says_so_to_all() -> None:
    rig = Rig().to_active()
    rig.answers = False
    rig.lease(pending=True)
    rig.rounds(7_000)
    rig.dies()
    rig.see = rig.see._replace(data=DataView())
    rig.round(100)
    assert rig.first(core.Drop) is not None and rig.first(core.DisarmWatchdog) is not None
    rig.lease(pending=False, locked=False, confirmed=None)
    rig.answers = True
    rig.round(1_000)
    assert rig.only(core.NoteClean).epoch == 1
    rig.round(1_000)
    assert rig.state.memory.epoch == 0


def test_nobody_is_called_clean_while_the_data_lingers() -> None:
    rig = Rig().to_active()
    rig.answers = False
    rig.lease(pending=True)
    rig.rounds(7_000)
    rig.dies()
    rig.see = rig.see._replace(data=DataView(lingers=True))
    rig.round(100)
    rig.lease(pending=False, locked=False, confirmed=None)
    rig.answers = True
    assert rig.first(core.NoteClean, rig.rounds(5_000)) is None


def test_a_start_that_may_still_happen_is_waited_for_or_reset() -> None:
    rig = Rig().to_launching()
    rig.container(start_pending=True)
    rig.answers = False
    rig.lease(alive=False, locked=False)
    rig.round(10)
    assert rig.phase() == "Killing"
    rig.see = rig.see._replace(data=DataView())
    done = rig.rounds(9_000)
    assert rig.first(core.ResetNode, done) is not None


def test_handing_over_ends_the_container_then_the_mount_then_the_lease() -> None:
    rig = Rig().to_active()
    rig.orders(leave="switchover")
    rig.round(10)
    rig.only(core.StopContainer)
    assert rig.first(core.UnmountData) is None
    rig.dies()
    rig.ended(JobKind.STOP_CONTAINER)
    rig.round(10)
    assert rig.only(core.UnmountData).force is False
    assert all(write.record.claim is Claim.STOPPING for write in rig.rounds(2_000) if isinstance(write, core.Write))
    rig.done = [core.UnmountData(rig.state.jobs, 1, force=False)]
    rig.see = rig.see._replace(data=DataView())
    rig.ended(JobKind.UNMOUNT_DATA)
    rig.round(10)
    assert rig.only(core.Write).record.claim is Claim.RELEASED
    assert rig.state.track is True, "the VIP goes after the lease"
    rig.round(10)
    assert rig.first(core.Drop) is not None and rig.first(core.DisarmWatchdog) is not None
    assert rig.only(core.SetTrack).fit is False


def _unmounting(seen: DataView, words: str) -> Rig:
    rig = Rig().to_active()
    rig.orders(leave="switchover")
    rig.round(10)
    rig.dies()
    rig.ended(JobKind.STOP_CONTAINER)
    rig.round(10)
    rig.see = rig.see._replace(data=seen)
    rig.ended(JobKind.UNMOUNT_DATA, words)
    return rig


def _released(done: "list[core.Action]") -> bool:
    return any(isinstance(action, core.Write) and action.record.claim is Claim.RELEASED for action in done)


def test_data_that_cannot_be_unmounted_is_never_called_released() -> None:
    for seen in (DataView(mounted=True), DataView(lingers=True)):
        rig = _unmounting(seen, "busy")
        done = rig.round(10)
        assert rig.phase() in {"Killing", "Standby"} and "cannot be unmounted" in rig.state.reason
        assert not _released(done)


def test_data_that_is_seen_a_moment_longer_than_its_job_is_waited_for_and_then_not_called_released() -> None:
    for seen in (DataView(mounted=True), DataView(lingers=True)):
        rig = _unmounting(seen, "")
        assert not _released(rig.round(10)) and rig.phase() == "Unmounting"
        rig.see = rig.see._replace(data=DataView())
        assert _released(rig.round(10))
        rig = _unmounting(seen, "")
        done = rig.rounds(70_000)
        assert rig.phase() in {"Killing", "Standby"} and "though it was unmounted" in rig.state.reason
        assert not _released(done)


def test_a_container_that_does_not_stop_is_killed() -> None:
    rig = Rig().to_active()
    rig.orders(leave="switchover")
    rig.round(10)
    rig.ended(JobKind.STOP_CONTAINER, "Docker does not answer")
    rig.round(10)
    assert isinstance(rig.done[0], core.KillContainer)


def test_a_copy_under_way_does_not_hold_a_hand_over_up() -> None:
    rig = Rig().to_mounting()
    rig.see = rig.see._replace(data=DataView(mounted=True))
    rig.ended(JobKind.MOUNT_DATA)
    rig.round(10)
    number = rig.only(core.CopyDatastore).job
    rig.see = rig.see._replace(jobs={**rig.see.jobs, JobKind.COPY_DATASTORE: core.JobView(number, core.JobStatus.RUNNING)})
    rig.orders(leave="switchover")
    rig.round(10)
    assert rig.only(core.CancelJob).kind is JobKind.COPY_DATASTORE


def test_the_epoch_grows_over_all_that_was_seen() -> None:
    for last, epoch in ((record(epoch=4, claim=Claim.RELEASED), 4), (record("a", epoch=9), 9)):
        rig = Rig().to_owner(last)
        assert rig.only(core.Take).record.epoch == epoch + 1
    rig = Rig().to_standby()
    rig.lease(noted=12)
    rig.round(vip=True)
    rig.lease(locked=True)
    rig.round(10)
    assert rig.state.tenure.epoch == 13, "nor is one taken that was called clean"
    rig = Rig().to_standby()
    rig.lease(epoch=6, record=NoRecord.INVALID)
    rig.round(vip=True)
    rig.lease(locked=True)
    rig.rounds(12_000)
    assert rig.state.tenure.epoch == 7


def test_a_watchdog_that_is_required_and_missing_makes_unfit() -> None:
    rig = Rig(SETTINGS._replace(watchdog_mode=WatchdogMode.REQUIRED))
    rig.see = rig.see._replace(watchdog=core.WatchdogView(words="no such device"))
    rig.rounds(2_000)
    assert "`watchdog`" in rig.state.fault and rig.state.track is False


def test_a_watchdog_that_is_required_and_does_not_run_starts_nothing() -> None:
    rig = Rig(SETTINGS._replace(watchdog_mode=WatchdogMode.REQUIRED)).to_mounting()
    rig.see = rig.see._replace(watchdog=core.WatchdogView(available=True, armed=False), data=DataView(mounted=True))
    rig.ended(JobKind.MOUNT_DATA)
    rig.round(10)
    rig.ended(JobKind.COPY_DATASTORE)
    done = rig.rounds(10_000)
    assert rig.first(core.StartContainer, done) is None
    assert rig.state.memory.failure.startswith("`watchdog`")


def test_a_pause_touches_nothing_but_lease_and_watchdog() -> None:
    rig = Rig().to_active()
    rig.orders(paused="maintenance", leave="switchover")
    rig.dies()
    done = rig.rounds(5_000, vip=False)
    kinds = {type(action) for action in done}
    assert kinds <= {core.Write, core.FeedWatchdog, core.Wake, core.Look}, kinds
    assert rig.phase() == "Active"
    rig.lease(alive=False, locked=False)
    rig.round(10)
    assert isinstance(rig.done[0], core.KillContainer), "the kill chain knows no pause"


def test_a_stop_of_the_service_runs_it_nowhere() -> None:
    rig = Rig().to_active()
    rig.orders(stopped="NFS maintenance")
    rig.round(10)
    assert rig.phase() == "Stopping"
    rig = Rig().to_standby()
    rig.orders(stopped="NFS maintenance")
    assert rig.first(core.Lock, rig.rounds(3_000, vip=True)) is None


def test_a_banned_node_hands_over_and_refuses_the_vip() -> None:
    rig = Rig().to_active()
    rig.orders(banned="its disk is old")
    rig.round(10)
    assert rig.phase() == "Stopping"
    rig = Rig().to_standby()
    rig.orders(banned="its disk is old")
    rig.round()
    assert rig.state.track is False and "its disk is old" in rig.state.fault


def test_a_node_that_is_told_to_end_hands_over_first() -> None:
    rig = Rig().to_active()
    rig.round(10, ending=Ending.STOP)
    assert rig.phase() == "Stopping" and rig.first(core.Exit) is None
    rig = Rig().to_standby()
    rig.round(10, ending=Ending.STOP)
    assert rig.first(core.Exit) is not None and rig.only(core.SetTrack).fit is False


def test_the_record_says_how_long_its_owner_may_write_and_who_it_is() -> None:
    rig = Rig(SETTINGS._replace(watchdog=12_000, version="v9", boot="b7")).to_active()
    rig.round(1_000)
    found = rig.only(core.Write).record
    assert (found.silence, found.version, found.boot, found.armed, found.vip) == (12_000, "v9", "b7", True, True)


def test_docker_that_does_not_answer_is_no_reason_to_stop() -> None:
    rig = Rig().to_active()
    rig.container(docker=Docker.UNKNOWN, live=True)
    rig.rounds(10_000)
    assert rig.phase() == "Active"


def announced(actions: list[core.Action]) -> int:
    return sum(isinstance(action, core.Announce) for action in actions)


def test_the_owner_announces_the_vip_once_with_each_heartbeat_that_is_confirmed() -> None:
    rig = Rig().to_warming()
    rig.round(1_000)
    rig.round(10)
    for _ in range(5):
        # Rounds in between, because of whatever is news.
        assert announced(rig.round(800)) + sum(announced(rig.round(10)) for _ in range(20)) == 1
    rig = Rig().to_active()
    assert announced(rig.rounds(30_000)) == 30
    rig.answers = False
    rig.round(1_000)
    assert announced(rig.rounds(20_000)) == 0


def test_that_the_vip_is_lost_or_back_is_said_at_once_but_not_more_often_than_eight_times_a_heartbeat() -> None:
    rig = Rig().to_active()
    for vip in (False, True):
        rig.round(1_000)
        rig.round(200)
        assert rig.first(core.Write) is None
        rig.round(1, vip=vip)
        assert rig.only(core.Write).record.vip is vip
        rig.round(10)
        assert rig.first(core.Write) is None
    written = 0
    for number in range(200):
        written += rig.first(core.Write, rig.round(10, vip=bool(number % 2))) is not None
    assert 2 <= written <= 16
    # One that waits in the server is not overtaken.
    rig.lease(pending=True)
    rig.round(200, vip=not rig.see.vip)
    assert rig.first(core.Write) is None


def test_an_owner_without_the_vip_announces_nothing() -> None:
    rig = Rig().to_active()
    assert announced(rig.rounds(10_000, vip=False)) == 0
    assert announced(rig.rounds(10_000, vip=True)) == 10


def test_only_who_serves_announces_the_vip() -> None:
    rig = Rig()
    done: list[core.Action] = rig.rounds(3_000, vip=True)
    assert rig.phase() == "Contending"
    # Another node serves: this one gives the VIP back.
    for sequence in range(6, 16):
        rig.lease(record=record(sequence=sequence), epoch=1)
        done += rig.round(1_000)
    assert rig.state.vip.refused and not announced(done)
    assert not announced(Rig().to_launching().rounds(5_000))
    rig = Rig().to_active()
    rig.orders(leave="switchover")
    assert not announced(rig.rounds(5_000)) and rig.phase() == "Stopping"
    rig = Rig().to_active()
    rig.lease(alive=False, locked=False)
    assert not announced(rig.rounds(5_000)) and rig.phase() == "Killing"


def test_a_new_agent_announces_the_vip_once_it_has_taken_the_service_over() -> None:
    old = Rig().to_active()
    rig = Rig(memory=old.state.memory)
    rig.see, rig.mono, rig.boot = old.see, old.mono, old.boot
    assert announced(rig.round(100)) == 1 and rig.phase() == "Active"
    assert announced(rig.rounds(3_000)) == 3
