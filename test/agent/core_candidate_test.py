"""Who may become the owner, after whom, and when."""

from typing import Any

from agent.core import types as core
from agent.core.types import Claim, DataView, Docker, JobKind, NoRecord, Peer
from core_rig import SETTINGS, Rig, record


def waiting(last: object, settings: core.Configuration = SETTINGS, **lease: object) -> Rig:
    """Has the lock just now, and sees that record for the first time."""
    rig = Rig(settings).to_standby()
    rig.round(vip=True)
    rig.lease(**{"locked": True, "record": last, "epoch": getattr(last, "epoch", 3), **lease})
    rig.round(10)
    return rig


def waits(rig: Rig) -> int:
    """For how long, milliseconds."""
    began = rig.mono
    while rig.phase() == "Waiting" and rig.mono - began < 120_000:
        rig.round(100)
    return rig.mono - began


def test_a_released_lease_is_taken_at_once() -> None:
    assert waiting(record(claim=Claim.RELEASED)).phase() == "Taking"
    assert waiting(NoRecord.EMPTY, epoch=0).phase() == "Taking"


def test_a_question_to_docker_that_is_given_up_is_not_waited_for_afterwards() -> None:
    """It would be, by a standby again, until the agent ends: "Docker was not asked yet"."""
    rig = Rig().to_standby()
    rig.state = rig.state._replace(checks=rig.state.checks._replace(container=99))
    rig.round(vip=True)
    rig.lease(locked=True, record=record(claim=Claim.RELEASED), epoch=1)
    rig.round(10)
    assert rig.phase() == "Taking" and rig.state.checks.container == 0


def test_a_lease_that_was_not_released_waits_for_the_owners_own_time() -> None:
    assert 13_000 < waits(waiting(record(silence=13_000))) <= 13_300
    assert 4_000 < waits(waiting(record(silence=4_000))) <= 4_300


def test_what_cannot_be_believed_waits_for_this_nodes_time() -> None:
    assert 10_000 < waits(waiting(NoRecord.INVALID)) <= 10_300
    # A record of an older epoch than the server's says nothing of the last owner.
    rig = waiting(record(epoch=2, claim=Claim.RELEASED), epoch=3)
    assert 10_000 < waits(rig) <= 10_300


def test_heartbeats_that_cannot_be_understood_count_as_silence_from_the_lock_on() -> None:
    """Such as those of a node that has another version: they all look the same, as long as that one has the lock."""
    rig = Rig().to_standby()
    rig.lease(record=NoRecord.INVALID, epoch=1)
    rig.rounds(60_000)
    rig.round(vip=True)
    rig.lease(locked=True)
    rig.round(10)
    assert 10_000 < waits(rig) <= 10_300


def test_silence_that_was_not_watched_does_not_count() -> None:
    """All machines stood still: the silence of those is not the owner's."""
    rig = Rig().to_standby()
    rig.lease(record=record(), epoch=1)
    rig.round(vip=True)
    rig.round(3_600_000)
    rig.lease(locked=True)
    rig.round(10)
    assert waits(rig) > 9_000


def test_an_owner_that_cleaned_up_by_itself_is_not_waited_for() -> None:
    rig = waiting(record(epoch=4), clean=4)
    assert rig.phase() == "Taking"
    assert rig.state.tenure.unclean is False
    assert waiting(record(epoch=4), clean=3).phase() == "Waiting"


def test_after_an_unclean_end_the_next_owner_works_on_a_copy() -> None:
    rig = waiting(record())
    waits(rig)
    rig.round(10)
    assert rig.phase() == "Mounting"
    assert rig.only(core.MountData).unwatched
    rig.see = rig.see._replace(data=DataView(mounted=True))
    rig.ended(JobKind.MOUNT_DATA)
    rig.round(10)
    assert rig.only(core.CloneData).epoch == 2


def test_nothing_starts_while_the_last_owner_has_its_datastores_locks() -> None:
    rig = waiting(record())
    waits(rig)
    rig.round(10)
    rig.see = rig.see._replace(data=DataView(mounted=True))
    rig.ended(JobKind.MOUNT_DATA)
    rig.round(10)
    first = rig.only(core.CloneData)
    rig.ended(JobKind.CLONE_DATA, "must: b has a lock")
    rig.round(10)
    assert rig.phase() == "Cloning"
    rig.round(1_000)
    assert rig.only(core.CloneData).job > first.job, "it is tried again"
    for _ in range(80):
        if rig.first(core.CloneData):
            rig.ended(JobKind.CLONE_DATA, "must: b has a lock")
        rig.round(1_000)
    assert rig.phase() != "Cloning" and "locked" in rig.state.memory.failure


def test_what_was_not_cloned_yet_is_cloned_by_whoever_comes_next() -> None:
    """However orderly the one in between has ended."""
    rig = waiting(record())
    waits(rig)
    assert rig.state.tenure.unclean
    rig.round(1_000)
    written = [action.record for action in rig.rounds(2_000) if isinstance(action, core.Write)]
    assert written and not any(one.settled for one in written)
    rig = waiting(record("c", claim=Claim.RELEASED, settled=False))
    assert rig.phase() == "Taking" and rig.state.tenure.unclean


def test_after_an_orderly_end_nothing_is_cloned() -> None:
    rig = Rig().to_mounting()
    assert not rig.only(core.MountData).unwatched
    rig.see = rig.see._replace(data=DataView(mounted=True))
    rig.ended(JobKind.MOUNT_DATA)
    rig.round(10)
    assert rig.only(core.CopyDatastore).quick == SETTINGS.copy_limit


FENCED = SETTINGS._replace(fence=True)


def test_a_fence_agent_decides_after_the_silence() -> None:
    rig = waiting(record(), FENCED)
    rig.rounds(9_000)
    assert rig.first(core.RunFence) is None
    rig.rounds(2_000)
    assert rig.phase() == "Waiting"
    done = [action for action in rig.done if isinstance(action, core.RunFence)] or [core.RunFence(rig.state.jobs, 1, "b", record())]
    assert done[0].node == "b" and done[0].last == record(), "a record that has changed since stops it"
    rig.done = list(done)
    rig.ended(JobKind.FENCE)
    rig.round(10)
    assert rig.phase() == "Taking"


def test_no_node_is_fenced_that_has_cleaned_up() -> None:
    rig = waiting(record(epoch=4), FENCED)
    rig.lease(clean=4)
    done = rig.rounds(1_000)
    assert rig.phase() in {"Taking", "Mounting"} and rig.first(core.RunFence, done) is None


def fails(rig: Rig, time: int) -> None:
    for _ in range(time // 1_000):
        fence = rig.first(core.RunFence, rig.round(1_000))
        if fence:
            rig.ended(JobKind.FENCE, "no route")


def test_timers_decide_where_the_agent_fails_and_the_owner_had_a_watchdog() -> None:
    rig = waiting(record(armed=True), FENCED)
    fails(rig, 60_000)
    assert rig.phase() == "Waiting"
    fails(rig, 30_000)
    assert rig.phase() != "Waiting"
    rig = waiting(record(armed=False), FENCED)
    fails(rig, 300_000)
    assert rig.phase() == "Waiting"
    rig.orders(off=frozenset({"b"}))
    rig.round(1_000)
    assert rig.phase() == "Taking", "an operator's word counts"


def test_fence_agents_are_asked_by_all_nodes_before_they_are_needed() -> None:
    for rig in (Rig(FENCED).to_standby(), Rig(FENCED).to_active()):
        done = rig.rounds(400_000)
        assert rig.first(core.CheckFence, done) or rig.state.checks.fence
    rig = Rig(FENCED).to_standby()
    rig.done = [core.CheckFence(rig.state.checks.fence, 1)]
    rig.ended(JobKind.CHECK_FENCE, "no route")
    rig.round()
    assert rig.state.checks.fence_words == "no route"


def test_a_lock_that_comes_late_is_let_go_of() -> None:
    rig = Rig().to_standby()
    rig.round(vip=True)
    rig.round(1_000, vip=False)
    rig.round(3_000)
    assert rig.phase() == "Standby"
    rig.lease(locked=True)
    rig.answers = False
    rig.round(10)
    rig.only(core.Drop)


def test_who_waits_with_a_lock_that_was_lost_notices_the_new_owner() -> None:
    """A machine that stood still while it waited believes that it has the lock."""
    rig = waiting(record(sequence=5))
    assert rig.phase() == "Waiting"
    rig.lease(record=record("c", epoch=2, sequence=1), epoch=2)
    rig.round(1_000)
    rig.only(core.Drop)
    assert rig.phase() == "Contending"


def test_leftovers_are_killed_and_nothing_is_contended_for_meanwhile() -> None:
    rig = Rig()
    rig.container(docker=Docker.RUNNING, live=True)
    rig.round()
    assert isinstance(rig.done[0], core.KillContainer)
    assert rig.first(core.Lock, rig.rounds(5_000, vip=True)) is None
    assert rig.first(core.ResetNode, rig.rounds(60_000)) is None, "nobody was the owner here"


# ---- the VIP follows the service ----


def beside_an_owner() -> Rig:
    rig = Rig().to_standby()
    rig.lease(record=record(sequence=1), epoch=1)
    rig.round()
    return rig


def beats(rig: Rig, sequence: int, passed: int, **more: Any) -> list[core.Action]:
    rig.lease(record=record(sequence=sequence, **more), epoch=1)
    return rig.round(passed)


def test_a_vip_beside_a_serving_owner_is_given_back() -> None:
    rig = beside_an_owner()
    beats(rig, 2, 1_000)
    rig.round(100, vip=True)
    beats(rig, 3, 900)
    beats(rig, 4, 800)
    assert rig.state.track is False
    assert rig.phase() == "Standby"


def test_an_owner_that_says_it_has_lost_the_vip_gets_it_back_at_once() -> None:
    rig = beside_an_owner()
    beats(rig, 2, 1_000)
    rig.round(600, vip=True)
    assert rig.state.track is True
    beats(rig, 3, 50, vip=False)
    assert rig.state.track is False and rig.phase() == "Standby"
    # Said before the VIP came: that owner may have died since.
    rig = beside_an_owner()
    beats(rig, 2, 1_000, vip=False)
    rig.round(10, vip=True)
    assert not rig.state.vip.refused and rig.phase() == "Contending"


def test_a_vip_that_comes_from_a_dead_owner_is_kept() -> None:
    """Its last heartbeat may be seen just after the VIP has come."""
    rig = beside_an_owner()
    beats(rig, 2, 1_000)
    rig.round(10, vip=True)
    beats(rig, 3, 300)
    done = rig.rounds(6_000)
    assert rig.state.track is True and rig.first(core.Lock, done) is not None


def given_back() -> Rig:
    rig = beside_an_owner()
    beats(rig, 2, 1_000)
    rig.round(100, vip=True)
    beats(rig, 3, 900)
    beats(rig, 4, 800)
    rig.see = rig.see._replace(vip=False)
    assert rig.state.track is False
    return rig


def test_it_is_refused_as_long_as_that_owner_serves_without_it() -> None:
    rig = given_back()
    for sequence in range(5, 60):
        beats(rig, sequence, 1_000, vip=False)
        assert rig.state.track is False
    beats(rig, 60, 1_000, vip=True)
    assert rig.state.track is True


def test_the_vip_is_kept_free_for_an_owner_that_lost_it() -> None:
    rig = beside_an_owner()
    beats(rig, 2, 1_000)
    assert rig.state.track is True
    beats(rig, 3, 1_000, vip=False)
    assert rig.state.track is False
    beats(rig, 4, 1_000, vip=True)
    assert rig.state.track is True
    beats(rig, 5, 1_000, vip=False)
    rig.rounds(4_000)
    assert rig.state.track is True, "that owner is silent"


def test_it_is_refused_no_longer_once_that_owner_is_silent() -> None:
    rig = given_back()
    rig.rounds(4_000)
    assert rig.state.track is True
    rig.round(100, vip=True)
    rig.only(core.Lock)


def test_each_time_it_is_refused_for_longer() -> None:
    rig = given_back()
    first = rig.state.vip.refused - rig.mono
    sequence = 5
    while rig.state.vip.refused:
        beats(rig, sequence, 1_000, vip=True)
        sequence += 1
    rig.round(10, vip=True)
    for _ in range(3):
        beats(rig, sequence, 800)
        sequence += 1
    assert rig.state.vip.refused - rig.mono > first


def test_a_vip_that_comes_much_later_was_another_fault() -> None:
    rig = given_back()
    first = rig.state.vip.refused - rig.mono
    for sequence in range(5, 40):
        beats(rig, sequence, 1_000, vip=True)
    assert not rig.state.vip.refused
    rig.round(10, vip=True)
    for sequence in range(40, 43):
        beats(rig, sequence, 800)
    assert rig.state.vip.returned == 1 and rig.state.vip.refused - rig.mono <= first


def test_an_owner_serves_on_without_the_vip() -> None:
    rig = Rig().to_active()
    rig.rounds(14_000, vip=False)
    assert rig.phase() == "Active"
    rig.rounds(60_000)
    assert rig.phase() == "Active", "nobody else is known to be fit"
    rig.lease(peers=(Peer("b", fit=True, vip=False, age=2_000),))
    rig.round(1_000)
    rig.round(10)
    assert rig.first(core.Look) is not None and rig.only(core.Look).around
    rig.round(10)
    assert rig.phase() == "Stopping"


def test_a_candidate_that_the_server_does_not_answer_gives_the_vip_back() -> None:
    rig = beside_an_owner()
    rig.answers = False
    beats(rig, 2, 1_000)
    rig.round(100, vip=True)
    rig.lease(pending=True)
    rig.rounds(4_000)
    assert rig.state.track is False


def test_others_refuse_the_vip_while_the_preferred_node_is_fit() -> None:
    rig = Rig().to_standby()
    rig.orders(prefer="b")
    rig.lease(peers=(Peer("b", fit=True, vip=False, age=2_000),))
    rig.round()
    assert rig.state.track is False
    rig.lease(peers=(Peer("b", fit=False, vip=False, age=2_000),))
    rig.round()
    assert rig.state.track is True


def test_a_server_whose_lease_is_too_short_makes_unfit() -> None:
    rig = Rig().to_standby()
    rig.round(server_lease=10_000)
    assert "lease time" in rig.state.fault and rig.state.track is False


def test_a_lease_directory_that_keeps_failing_is_mounted_anew() -> None:
    rig = Rig().to_standby()
    rig.answers = False
    rig.lease(error="stale file handle")
    done = rig.rounds(40_000)
    again = [action for action in done if isinstance(action, core.MountLease)]
    assert again and again[0].again


def test_a_full_server_makes_no_node_unfit() -> None:
    rig = Rig(memory=core.Memory(epoch=2))
    rig.answers = False
    rig.round()
    rig.lease(unsaid="No space left on device")
    done = []
    for _ in range(20):
        done += rig.round(1_000)
        rig.lease(answered=rig.boot)
    assert rig.phase() == "Standby" and not rig.state.fault.startswith("the lease")
    assert [action.kind for action in done if isinstance(action, core.Event)].count("degraded") == 1
    # It is noted some time, and meanwhile it is seen what happens.
    assert 3 <= len([action for action in done if isinstance(action, core.NoteClean)]) <= 5
    assert len([action for action in done if isinstance(action, core.Look)]) >= 14
