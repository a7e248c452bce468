"""Reports of agents, as report.py and address/report.py make them, with all in them that metrics and notifications are made of."""

from typing import Any


def with_lease(**changed: Any) -> "dict[str, Any]":
    """Of an owner in order. `changed`: whole parts; `agent__state="x"` one value of a part."""
    told: dict[str, Any] = {
        "agent": {"state": "active", "since": 12.5, "reason": "well", "fault": None, "epoch": 7, "version": "v", "degraded": []},
        "lease": {
            "owner": "a",
            "epoch": 7,
            "heldHere": True,
            "record": None,
            "error": None,
            "alive": True,
            "unanswered": 0.4,
            "hangs": None,
            "peers": [{"node": "b", "fit": True, "vip": False, "age": 2_000}],
        },
        "health": {"answer": "ok", "words": None, "failures": 0, "failure": None},
        "heartbeats": {"bounds": [0.005, 0.01], "counts": [3, 2, 1], "sum": 0.08},
        "holdsVip": True,
        "fit": True,
        "fencing": {
            "agent": True,
            "agentFault": None,
            "watchdog": True,
            "watchdogAvailable": True,
            "watchdogWords": None,
            "watchdogMode": "automatic",
        },
        "orders": {"paused": None, "stopped": None, "leave": None, "banned": None, "prefer": None, "work": None, "off": []},
        "timers": {"heartbeat": 1, "giveUp": 6, "watchdog": 10, "lease": 15, "serverLease": 15},
    }
    for name, value in changed.items():
        part, _, key = name.partition("__")
        if key:
            told[part] = {**told[part], key: value}
        else:
            told[part] = value
    return told


def without_lease() -> "dict[str, Any]":
    vips = [{"name": "web", "holds": True, "fit": True}, {"name": "db", "holds": False, "fit": False}]
    agent = {"state": "active", "since": 1, "reason": "has web", "fault": None, "epoch": None, "version": "v", "degraded": ["x"]}
    return {"agent": agent, "vips": vips, "holdsVip": True, "fit": False, "orders": {"banned": "a reason"}}
