"""What events are told with: since when, and the steps of a takeover. What the core says is what the story is made from."""

from typing import Any

from agent.story import STEPS, Story, Told, next_event


def _tell(*said: "tuple[int, str, dict[str, Any]]") -> "tuple[list[dict[str, Any]], list[Told]]":
    story, told, follow = Story(), [], []
    for now, kind, more in said:
        story, beside, others = next_event(story, kind, more, now)
        told.append(beside)
        follow += others
    return told, follow


def _state(now: int, before: str, after: str, since: int = 1) -> "tuple[int, str, dict[str, Any]]":
    return now, "state", {"from": before, "to": after, "why": "a reason", "since": since}


TAKEOVER = (
    _state(70_010, "standby", "contending", since=10_010),
    (75_000, "takeover", {"after": "a", "why": "silent for long enough", "vip": 70_000, "heard": 69_000}),
    _state(75_000, "contending", "taking"),
    _state(75_100, "taking", "mounting"),
    _state(76_000, "mounting", "copying"),
    _state(76_500, "copying", "confirming"),
    _state(76_600, "confirming", "launching"),
    _state(78_000, "launching", "warming"),
)


def test_a_takeover_ends_with_the_times_of_all_its_steps() -> None:
    told, follow = _tell(*TAKEOVER, _state(90_000, "warming", "active"))
    assert told[0]["lasted"] == 60_000 and told[0]["to"] == "contending"
    assert told[1] == {"after": "a", "why": "silent for long enough", "heard": 6_000}
    assert [(kind, text) for kind, text, _ in follow] == [("well", "20.0 s after it was needed here")]
    steps = follow[0][2]["steps"]
    assert steps == {"detected": 0, "vip": 0, "lease": 5_000, "mounted": 6_000, "started": 8_000, "well": 20_000}
    assert tuple(steps) == STEPS and follow[0][2]["after"] == "a"


def test_one_that_comes_to_nothing_does_not_end_well_later() -> None:
    _, follow = _tell(*TAKEOVER, _state(80_000, "warming", "stopping"), _state(99_000, "warming", "active"))
    assert follow == []


def test_a_refused_start_is_not_started() -> None:
    again = (
        _state(78_000, "launching", "confirming"),
        _state(79_000, "confirming", "launching"),
        _state(80_000, "launching", "warming"),
    )
    _, follow = _tell(*TAKEOVER[:-1], *again, _state(90_000, "warming", "active"))
    assert follow[0][2]["steps"]["started"] == 10_000


def test_a_vip_that_has_been_here_for_long_is_not_when_it_began() -> None:
    _, follow = _tell(
        _state(700_000, "standby", "contending"),
        (700_100, "again", {"after": "b", "why": "w", "vip": 5_000, "heard": 0}),
        _state(701_000, "warming", "active"),
    )
    assert follow[0][2]["steps"] == {"detected": 0, "vip": 0, "lease": 100, "well": 1_000}


def test_a_service_that_is_well_again_is_no_takeover() -> None:
    assert _tell(_state(5, "warming", "active"))[1] == []


def test_how_long_a_node_was_unfit_counts_from_the_first_reason() -> None:
    told, _ = _tell((1_000, "unfit", {}), (2_000, "unfit", {}), (61_000, "fit", {}), (62_000, "fit", {}))
    assert [each.get("lasted") for each in told] == [None, None, 60_000, 0]
