"""Each takes one rule out of the core. What then goes wrong must be found: by the simulation, or by a test of the core."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agent.core import candidate, decide, follow, killing, lease, leaving, notes, owner, record, requests, rest, service, watch
from agent.core.observation import ContainerView

from . import weaker
from .storage_weakenings import STORAGE_WEAKENINGS
from .weakening import Weakening

WEAKENINGS = (
    Weakening(
        "no-silence",
        "a successor does not wait for its last owner",
        "I1",
        lambda: weaker.everywhere(candidate.silence, lambda _: -1),
    ),
    Weakening(
        "no-release-record",
        "a free lock is taken for one that was released",
        "I1",
        lambda: weaker.never(candidate.last_owner_may_write),
    ),
    Weakening(
        "own-silence",
        "a successor waits for its own time, not the owner's",
        "test_a_lease_that_was_not_released_waits_for_the_owners_own_time",
        lambda: weaker.everywhere(candidate.silence, lambda turn: turn.settings.watchdog),
    ),
    Weakening(
        "fed-unconfirmed",
        "the watchdog is fed in each round",
        "test_the_watchdog_is_fed_by_confirmed_heartbeats_alone",
        lambda: weaker.after(watch.watch, weaker.feeds_always),
    ),
    Weakening(
        "no-reset",
        "a node that cannot kill its container is not reset, nor by a watchdog",
        "I1",
        lambda: weaker.everywhere(decide.forget_tenure, weaker.no_reset),
    ),
    Weakening("stop-lies", "a stop is believed without a look", "I", lambda: weaker.gap(ContainerView, weaker.gone_always, "gone")),
    Weakening(
        "late-start",
        "a start that Docker still carries out is not waited for",
        "I",
        lambda: weaker.gap(ContainerView, weaker.gone_while_pending, "gone"),
    ),
    Weakening(
        "docker-decides",
        "what Docker says counts more than the kernel",
        "test_docker_counts_less_than_the_kernel",
        lambda: weaker.gap(ContainerView, weaker.docker_decides, "runs"),
    ),
    Weakening(
        "vip-stays",
        "a node with the VIP keeps it beside the one that serves",
        "",
        lambda: weaker.never(follow.must_give_back),
    ),
    Weakening(
        "announces-always",
        "a node with the VIP announces it, whoever serves",
        "I4",
        lambda: weaker.after(follow.track, weaker.announces_always),
    ),
    Weakening(
        "refused-for-ever",
        "a VIP that was given back is refused also when its owner is gone",
        "test_it_is_refused_no_longer_once_that_owner_is_silent",
        lambda: weaker.everywhere(follow.keep_refusing, lambda _: None),
    ),
    Weakening(
        "leaves-without-vip",
        "the owner hands over as soon as it has no VIP",
        "P",
        lambda: weaker.everywhere(owner.lost_vip, weaker.leaves_without_vip),
    ),
    Weakening(
        "failures-forgotten",
        "each start begins to count anew",
        "test_a_service_that_dies_late_after_each_start_goes_to_another_node",
        lambda: weaker.after(owner.launch, weaker.forgets_failures),
    ),
    Weakening(
        "start-unconfirmed",
        "a container is started on the last answer",
        "test_no_start_without_a_heartbeat_confirmed_after_it_was_decided",
        lambda: weaker.everywhere(owner.to_start, weaker.starts_at_once),
    ),
    Weakening(
        "no-give-up",
        "an owner without heartbeat goes on",
        "test_an_owner_gives_up_without_confirmed_heartbeats",
        lambda: weaker.everywhere(owner.keep_lease, weaker.gives_up_never),
    ),
    Weakening(
        "lease-not-watched",
        "a lease process that died is not noticed",
        "test_a_lost_lease_kills_at_once",
        lambda: weaker.everywhere(owner.keep_lease, weaker.lease_never_lost),
    ),
    Weakening(
        "epoch-not-checked",
        "the epoch on the server is not looked at",
        "test_a_foreign_epoch_kills_at_once",
        lambda: weaker.everywhere(owner.keep_lease, weaker.epoch_unchecked),
    ),
    Weakening(
        "same-epoch",
        "a new owner takes the epoch of the last one",
        "I3",
        lambda: weaker.everywhere(candidate.take, weaker.takes_epoch_again),
    ),
    Weakening(
        "leftovers-stay",
        "what an agent before has left is not killed",
        "",
        lambda: (
            weaker.everywhere(candidate.standby, weaker.standby_with_leftovers)
            + weaker.everywhere(service.begin, weaker.begins_without_memory)
        ),
    ),
    Weakening(
        "adopts-without-lease",
        "a container that runs is taken over without the lease",
        "",
        lambda: weaker.everywhere(service.begin, weaker.adopts_without_lease) + weaker.everywhere(owner.keep_lease, lambda _: True),
    ),
    Weakening(
        "restart-renews",
        "a new agent counts from its own start",
        "test_a_new_agent_takes_the_running_service_over",
        lambda: weaker.after(service.begin, weaker.begins_fresh),
    ),
    Weakening(
        "releases-first",
        "the lease is released before the container has ended",
        "test_handing_over_ends_the_container_then_the_mount_then_the_lease",
        lambda: weaker.everywhere(leaving.stopping, weaker.releases_first),
    ),
    Weakening(
        "drops-at-once",
        "a node that is being killed says at once that it is clean",
        "I1",
        lambda: weaker.after(killing.killing, weaker.drops_at_once) + weaker.after(requests.next_request, weaker.notes_at_once),
    ),
    Weakening(
        "gap-counts",
        "time that a node stood still counts as silence that it saw",
        "test_silence_that_was_not_watched_does_not_count",
        lambda: weaker.after(watch.watch, weaker.never_observed_gap),
    ),
    Weakening(
        "no-clone",
        "after an unclean end the data is used as it is",
        "I1",
        lambda: weaker.everywhere(owner.mounting, weaker.mounts_without_clone),
    ),
    Weakening(
        "not-noted",
        "that a version has answered is not noted",
        "I8",
        lambda: weaker.everywhere(notes.note_served, weaker.notes_another),
    ),
    Weakening(
        "keeps-lock",
        "a lock that comes late is kept",
        "I7",
        lambda: weaker.after(requests.next_request, weaker.keeps_the_lock),
    ),
    Weakening("pause-ignored", "a pause stops nothing", "P", lambda: weaker.never(decide.observation_only)),
    Weakening(
        "waits-on",
        "who waits with a lock that was lost does not notice",
        "test_who_waits_with_a_lock_that_was_lost_notices_the_new_owner",
        lambda: weaker.everywhere(candidate.waiting, weaker.waits_on),
    ),
    Weakening(
        "blind",
        "a candidate that the server does not answer keeps the VIP",
        "test_a_candidate_that_the_server_does_not_answer_gives_the_vip_back",
        lambda: weaker.never(follow.cannot_look),
    ),
    Weakening(
        "left-unnoted",
        "a service that answers while it is stopped is not noted",
        "test_a_service_that_is_stopped_before_it_is_known_to_be_well_is_noted_before_anything_is_released",
        lambda: (
            weaker.everywhere(notes.note_before_leaving, lambda _: True) + weaker.everywhere(owner.may_go_on, weaker.leaves_unnoted)
        ),
    ),
    Weakening(
        "adopts-in-pause",
        "a new agent does not know of a pause",
        "test_a_new_agent_looks_on_in_a_pause",
        lambda: weaker.everywhere(service.adopting, weaker.adopts_in_a_pause),
    ),
    Weakening(
        "half-record",
        "a record that was left half written is believed",
        "test_half_a_record_is_none",
        lambda: weaker.everywhere(record.checksum, lambda _: "00000000") + weaker.everywhere(record._former_line, lambda _: b"\n"),
    ),
    Weakening(
        "half-epoch",
        "an epoch that was left half written is believed",
        "test_half_an_epoch_is_none",
        lambda: (
            weaker.everywhere(record.encode_epoch, weaker.plain_epoch) + weaker.everywhere(record.decode_epoch, weaker.decode_plain)
        ),
    ),
    Weakening(
        "epoch-unmended",
        "an epoch that was left half written stays so",
        "test_an_epoch_that_was_left_half_written_is_mended_under_the_lock_before_anything_else",
        lambda: [(lease.LeaseProcess, "mend_epoch", weaker.mends_nothing)],
    ),
    Weakening(
        "end-not-told",
        "that nobody watched the last container to its end is not told",
        "test_after_an_unclean_end_the_next_owner_works_on_a_copy",
        lambda: weaker.everywhere(owner.to_mount, weaker.mounts_as_watched),
    ),
    Weakening(
        "epoch-not-over-the-clean-one",
        "an epoch that this node has called clean is taken again",
        "test_the_epoch_grows_over_all_that_was_seen",
        lambda: weaker.everywhere(candidate.take, weaker.takes_over_seen_ones_only),
    ),
    Weakening(
        "rests-always",
        "a standby rests whatever there is to watch",
        "test_whoever_has_something_to_watch_does_not_rest",
        lambda: weaker.everywhere(rest.rests, weaker.rests_always),
    ),
    Weakening(
        "goes-on-without-one",
        "one of several that has ended is not missed",
        "test_one_of_several_that_ends_is_a_failure_and_all_are_stopped_in_order_and_started_anew",
        lambda: weaker.never(service.one_ended),
    ),
    Weakening(
        "not-mounted",
        "the container is started before its data is mounted",
        "I6",
        lambda: weaker.everywhere(owner.mounting, weaker.mounts_later),
    ),
    *STORAGE_WEAKENINGS,
)

NAMES = {weakening.name: weakening for weakening in WEAKENINGS}


@contextmanager
def weakened(name: str) -> Iterator[None]:
    """The core without that rule; empty: as it is."""
    patches = NAMES[name].patch() if name else []
    if name and not patches:
        raise ValueError(f"the weakening {name} changes nothing")
    saved = [(place, key, place[key] if isinstance(place, dict) else getattr(place, key)) for place, key, _ in patches]
    for place, key, new in patches:
        put(place, key, new)
    try:
        yield
    finally:
        for place, key, old in saved:
            put(place, key, old)


def put(place: Any, key: str, value: Any) -> None:
    if isinstance(place, dict):
        place[key] = value
    else:
        setattr(place, key, value)
