"""Records how two real agents say they are in five situations, for tests of the page of `npm run watch`.

Usage: PYTHONPATH=node:test/agent PYTHON -m support.record_states FOLDER [SITUATION...]

For each situation a file: what `agent status` says on each node, and the journals so far. keepalived is the world's stand-in,
so its part of the status is written here, as it would say it.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any, Callable, Optional

from .record_journals import Recorder, cut_power
from .units import wait_for
from .world import RealNode, World


def status_of(world: World, node: RealNode, holders: "tuple[RealNode, ...]") -> "dict[str, Any]":
    status = node.status()
    status["vrrpState"] = "MASTER" if node in holders else "BACKUP" if node.fit() else "FAULT"
    status["holdsVip"] = node in holders
    status["keepalived"] = {"version": "2.2.7", "settings": "recorded", "edited": False, "since": 120, "maintenance": False}
    status["uptime"] = 86_000
    # This machine's watchdog is left alone in tests, and its memory is not locked.
    status["fencing"] = {**(status.get("fencing") or {}), "agent": False, "watchdog": node in holders, "watchdogAvailable": True}
    status["agent"]["degraded"] = []
    return status


class Situations:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.world = World()
        self._recorder = Recorder(self.world)
        for node in self.world.nodes:
            node.start()
        self.world.wait_active()
        time.sleep(12)

    def write(self, name: str, off: "Optional[RealNode]" = None, holders: "Optional[tuple[RealNode, ...]]" = None) -> None:
        world = self.world
        has = holders if holders is not None else ((world.holder,) if world.holder else ())
        nodes: list[dict[str, Any]] = []
        for i, node in enumerate(world.nodes):
            told: dict[str, Any] = {"name": node.name, "address": f"192.0.2.{11 + i}"}
            nodes.append(
                {**told, "error": "no answer within 10 s"} if node is off else {**told, "status": status_of(world, node, has)}
            )
        found = {"at": int(time.time() * 1000), "nodes": nodes, "journals": self._recorder.lines()}
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")

    def end(self) -> None:
        self._recorder.stop()
        self.world.end()


def healthy(all_: Situations) -> None:
    all_.write("healthy")


def unfit(all_: Situations) -> None:
    node = all_.world.standby()
    Path(f"{node.folder}/docker.sock.broken").write_text("60")
    wait_for(lambda: not node.fit(), 40, "the standby is unfit")
    time.sleep(6)
    all_.write("standby-unfit")


def failover(all_: Situations) -> None:
    node = all_.world.wait_active()
    other = next(each for each in all_.world.nodes if each is not node)
    cut_power(node)
    wait_for(lambda: other.state() == "waiting", 30, "the other one waits until the last owner is silent for long enough")
    all_.write("failover", off=node)


def no_holder(all_: Situations) -> None:
    all_.world.vip_cut.update(all_.world.names)
    time.sleep(2)
    all_.write("no-holder")


def two_holders(all_: Situations) -> None:
    for node in all_.world.nodes:
        node.set_vip(True)
    time.sleep(1)
    all_.write("two-holders", holders=tuple(all_.world.nodes))


SITUATIONS: "dict[str, Callable[[Situations], None]]" = {
    "healthy": healthy, "standby-unfit": unfit, "failover": failover, "no-holder": no_holder, "two-holders": two_holders,
}  # fmt: skip


if __name__ == "__main__":
    for name in sys.argv[2:] or SITUATIONS:
        made = Situations(Path(sys.argv[1]))
        try:
            SITUATIONS[name](made)
        finally:
            made.end()
        print(name, flush=True)
