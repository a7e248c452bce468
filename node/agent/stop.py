"""The kill path: run by systemd after the agent has ended, before it starts another one.

It needs nothing but /run. If another agent will go on in time it leaves everything as it is. Else it ends the container, and
takes the data away; where that is not certain in time, it resets the node.
"""

import os
import time
from collections.abc import Mapping
from typing import Optional

from .cgroup import Group, find_group
from .clock import boot_ms
from .configuration import CONFIGURATION_ERROR
from .core.observation import Beat
from .mounts import cut_off, mount_at
from .reset import Reset
from .run_files import KillPlan, RunFiles
from .track import Track

#: Milliseconds that what was killed gets at least to be gone.
_MOMENT = 500


def stop(run: str, environment: Mapping[str, str] = os.environ, reset: Optional[Reset] = None) -> int:
    """`environment`: systemd's variables of a service that has ended (systemd.exec(5)). The exit code: 0, or the node was
    reset. `reset`: in place of the node's own."""
    files = RunFiles(run)
    plan, kept, memory = files.kill_plan(), files.kept(), files.memory()
    reset = reset or Reset(plan.reset)
    if _another_goes_on(files, plan, environment):
        return 0
    if nothing_runs(files):
        return 0
    Track(files.track).write(False)
    if memory.epoch and not kept.id and _mounted(plan):
        # Nobody knows what writes there.
        reset.now()
        return 1
    beaten = files.beaten()
    limit = _shorter(plan.watchdog, beaten)
    deadline = max(beaten.sent + limit - min(plan.heartbeat, limit // 4), boot_ms() + _MOMENT)
    while True:
        group = _group(kept.id, plan)
        if group:
            group.kill()
        gone = group is None or not group.populated()
        if gone and _mounted(plan):
            cut_off(plan.data, plan.mounts)
        if gone and not _mounted(plan) and not kept.starting:
            return 0
        if boot_ms() > deadline:
            if gone and not _mounted(plan):
                return 0  # Docker has not started it in all that time, and finds no data if it does
            reset.now()
            return 1
        time.sleep(0.05)


def nothing_runs(files: RunFiles) -> bool:
    """Nothing of an agent is left here: no lease that was not released, no container, no data."""
    plan, kept = files.kill_plan(), files.kept()
    group = _group(kept.id, plan)
    return files.memory().epoch == 0 and not kept.starting and not (group and group.populated()) and not _mounted(plan)


def _another_goes_on(files: RunFiles, plan: KillPlan, environment: Mapping[str, str]) -> bool:
    """systemd starts another agent, its configuration was not what ended this one, and there is time left for it."""
    if os.path.exists(files.ending):
        return False
    refused = environment.get("EXIT_CODE") == "exited" and environment.get("EXIT_STATUS") == str(CONFIGURATION_ERROR)
    beaten = files.beaten()
    limit = _shorter(plan.watchdog, beaten)
    return not refused and boot_ms() < beaten.sent + min(plan.give_up, limit - min(2 * plan.heartbeat, limit // 2))


def _shorter(watchdog: int, beaten: Beat) -> int:
    """A successor goes by the last heartbeat: of an agent with a shorter time, perhaps."""
    return min(watchdog, beaten.silence or watchdog)


def _group(container: str, plan: KillPlan) -> Optional[Group]:
    path = find_group(container, plan.control_groups)
    try:
        return Group(path) if path else None
    except OSError:
        return None


def _mounted(plan: KillPlan) -> bool:
    try:
        return bool(plan.data) and mount_at(plan.data, plan.mounts) is not None
    except OSError:
        return True
