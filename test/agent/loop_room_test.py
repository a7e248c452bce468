"""Real agents on nodes without room on any disk, and on one where somebody starts a second agent."""

import os
import signal
import subprocess
import time
from pathlib import Path

from support.units import wait_for
from support.world import TIMERS, RealNode, World, longest_gap

GIVE_UP, WATCHDOG = TIMERS["giveUp"] / 1000, TIMERS["watchdog"] / 1000
REPOSITORY = Path(__file__).resolve().parents[2]

#: Leaves what lies below it at its place, if this repository does.
_FULL = """
set -e
here=$1 place=$2
mkdir -p "$place"
mount --bind "$here" "$place"
for folder in /tmp /var/tmp; do
  mount -t tmpfs -o size=16k,nr_inodes=40 tmpfs $folder
  case $here in $folder/*) mkdir -p "$here"; mount --bind "$place" "$here" ;; esac
  dd if=/dev/zero of=$folder/rest bs=4k status=none 2>/dev/null || true
  i=0
  while touch $folder/$i 2>/dev/null; do i=$((i + 1)); done
  ! echo more 2>/dev/null >$folder/more
done
"""


def _fill(node: RealNode) -> None:
    """Everywhere that programs keep what they need for a moment."""
    node.inside("sh", "-c", _FULL, "full", str(REPOSITORY), str(node.folder / "repository"))
    assert node.inside("df", "--output=avail", "/tmp").split()[-1] == "0"


def test_where_no_temporary_file_can_be_made_the_service_goes_on_and_moves(world: World) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    for each in world.nodes:
        _fill(each)
    time.sleep(GIVE_UP)
    assert node.agent
    node.agent.signal(signal.SIGKILL)
    wait_for(lambda: node.state() == "active", 5, "the next agent goes on")
    time.sleep(WATCHDOG)
    assert world.active() is node and world.epoch() == epoch
    assert longest_gap(world.writes(), start, time.monotonic()) < 1
    done = node.command("hand-over", "5", "a test")
    assert done.returncode == 0, done.stderr
    world.wait_active(10, other_than=node)
    assert world.epoch() == epoch + 1


def test_a_second_agent_or_lease_process_on_a_node_is_refused_and_nothing_ends(world: World) -> None:
    node, epoch, start = world.wait_active(), world.epoch(), time.monotonic()
    common = ["--run", str(node.run), "--configuration", str(node.configuration)]
    for what in ("agent", "lease"):
        second = subprocess.run(node.enter("launch.py", what, *common), capture_output=True, timeout=20, check=False)
        assert second.returncode == 1 and b"already" in second.stderr, second.stderr
    time.sleep(WATCHDOG)
    assert world.active() is node and world.epoch() == epoch
    assert longest_gap(world.writes(), start, time.monotonic()) < 1
    assert os.path.exists(node.run / "agent.sock") and node.report()
