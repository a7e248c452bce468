"""What an event means among those before it: since when what it ends was so, and how long each step of a takeover took. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

#: Milliseconds before a node asks for the lease in which the VIP came for that reason.
_NEAR = 60_000
#: Phases that a step of a takeover does not lead to.
_LEAVING = ("halting", "stopping", "unmounting", "releasing", "killing", "standby")
#: Phases of a takeover until the service is well.
TAKEOVER = (
    *("contending", "waiting", "taking", "mounting", "cloning", "copying"),
    *("working", "confirming", "launching", "warming"),
)
#: The steps of a takeover, in their order. `detected` is when the first of them was seen to be needed here.
STEPS = ("detected", "vip", "lease", "mounted", "started", "well")
#: Which step is done when a phase is left; what follows it must be no end.
_DONE = {"mounting": "mounted", "launching": "started"}

#: An event's kind, text, and what else is told of it.
Told = tuple[str, str, dict[str, Any]]


class Story(NamedTuple):
    """What the next event is told with. Times are `mono`, 0: it is not so."""

    unfit: int = 0
    """Since when this node refuses the VIP."""
    asked: int = 0
    """Since when it asks for the lease."""
    steps: tuple[tuple[str, int], ...] = ()
    """Of the takeover that is under way, and when they were done."""
    after: str = ""
    why: str = ""


def next_event(story: Story, kind: str, more: Mapping[str, Any], now: int) -> "tuple[Story, dict[str, Any], list[Told]]":
    """What is told beside the event's text, and events that follow from it. `now`: `mono`.

    `lasted`: milliseconds for which what has ended now was so. `steps` of `well`: milliseconds since the takeover was
    seen to be needed; `heard` of `takeover`: for so long nothing had been seen of the owner before, 0: that is not known.
    """
    if kind == "state":
        return _state(story, more, now)
    if kind in ("takeover", "again"):
        vip, heard = more.get("vip", 0), more.get("heard", 0)
        asked = story.asked or now
        # One that has been here for longer is no part of it.
        came = vip if 0 <= asked - vip <= _NEAR else 0
        steps = [("detected", came or asked), *([("vip", came or asked)] if vip else []), ("lease", now)]
        told = {"after": more.get("after", ""), "why": more.get("why", ""), "heard": now - heard if heard else 0}
        return story._replace(steps=tuple(steps), after=told["after"], why=told["why"]), told, []
    if kind == "unfit":
        return story._replace(unfit=story.unfit or now), {}, []
    if kind == "fit":
        return story._replace(unfit=0), {"lasted": now - story.unfit if story.unfit else 0}, []
    return story, {}, []


def _state(story: Story, more: Mapping[str, Any], now: int) -> "tuple[Story, dict[str, Any], list[Told]]":
    before, after, since = more.get("from", ""), more.get("to", ""), more.get("since", 0)
    told = {"from": before, "to": after, "why": more.get("why", ""), "lasted": now - since if since else 0}
    story = story._replace(asked=now if after == "contending" else story.asked)
    if after in _LEAVING:
        # What does not come to its end here is told by the events themselves.
        return story._replace(asked=0, steps=()), told, []
    if not story.steps:
        return story, told, []
    done = "well" if after == "active" else _DONE.get(before)
    # From `launching` a start that was refused goes back to `confirming`.
    if done is None or (after == "confirming" and before == "launching"):
        return story, told, []
    earlier = (step for step in story.steps if step[0] != done)
    story = story._replace(steps=(*earlier, (done, now)))
    if done != "well":
        return story, told, []
    began = story.steps[0][1]
    steps = {name: time - began for name, time in story.steps}
    well = {"after": story.after, "why": story.why, "steps": steps}
    return story._replace(steps=()), told, [("well", f"{(now - began) / 1000:.1f} s after it was needed here", well)]
