"""`agent renew`: has an agent of these files, with the configuration that is on disk, take over from one of others. The
service runs on; nothing is done where the right one runs."""

import time
from typing import Any, Optional

from .configuration import Refused, load, read_json
from .control import NoAgent, ask_agent
from .run_files import RunFiles
from .setups import setup_of

#: Seconds for one answer, and between two questions.
_ANSWER, _BETWEEN = 5.0, 0.2
#: States in which an agent does not know yet what the one before has left.
_FIRST = ("begin", "adopting")
#: Whoever is the owner cannot change these under a service that runs.
_FIXED = ("node", "data", "lease", "service")


class NotRenewed(Exception):
    """In words."""


def renew(run: str, configuration: str, version: str, limit: float) -> "dict[str, Any]":
    """Waits up to `limit` seconds until the right agent answers. Raises Refused, NotRenewed.

    `was`: `unchanged`, `restarted`, or `other` where nothing was done, since the service must be stopped for the change.
    """
    told = load(configuration)
    setup_of(told, version, configuration)
    files = RunFiles(run)
    was, words = "unchanged", ""
    deadline = time.monotonic() + limit
    while True:
        try:
            agent = ask_agent(files.control, {"do": "status"}, _ANSWER).get("agent") or {}
            running = _running(files.running)
            right = agent.get("version") == version and running == told
            if right and agent.get("state") not in _FIRST:
                return {"version": version, "was": was, "leaseVersion": agent.get("leaseVersion"), "state": agent.get("state")}
            words = f"{'it' if right else 'another one still runs, and'} is {agent.get('state')} ({agent.get('reason')})"
            if not right and was == "unchanged":
                if _fixed(running) != _fixed(told):
                    return {"version": agent.get("version"), "was": "other", "state": agent.get("state")}
                ask_agent(files.control, {"do": "restart"}, _ANSWER)
                was = "restarted"
        except NoAgent as gone:
            words = str(gone)
        if time.monotonic() > deadline:
            raise NotRenewed(
                f"the agent with the files and the configuration of this node did not answer in {limit:.0f} s: {words}"
            )
        time.sleep(_BETWEEN)


def _running(path: str) -> Any:
    try:
        return read_json(path)
    except Refused:
        return None


def _fixed(told: Any) -> "Optional[dict[str, Any]]":
    """The container alone of the service: how it is asked may change."""
    if not isinstance(told, dict):
        return None
    fixed = {name: told.get(name) for name in _FIXED}
    if isinstance(fixed["service"], dict):
        fixed["service"] = fixed["service"].get("container")
    return fixed
