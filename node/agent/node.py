"""All edges of a running agent, in one place."""

from typing import Callable, NamedTuple

from .announce import Announcer
from .configuration import claim_time
from .container import ContainerEdge
from .core.actions import Memory
from .events import Events
from .fork_client import ForkClient
from .guard_dog import GuardDog
from .health_client import HealthProcess
from .itself import own_command
from .jobs import Jobs
from .lease.client import LeaseClient
from .lease.wire import Terms
from .meter import Meter
from .netlink import Addresses
from .orders import OrderBook, read_lasting
from .reset import Reset
from .run_files import KillPlan, Notes, RunFiles
from .setup import Pod, Setup
from .storage_view import StorageView
from .systemd import Manager, kept
from .together import Together
from .track import Track


class Node(NamedTuple):
    setup: Setup
    files: RunFiles
    memory: Memory
    """Of the agent before."""
    events: Events
    notes: Notes
    lease: LeaseClient
    container: ContainerEdge
    storage: StorageView
    addresses: Addresses
    announcer: Announcer
    dog: GuardDog
    reset: Reset
    track: Track
    jobs: Jobs
    health: HealthProcess
    orders: OrderBook
    manager: Manager
    beats: Meter
    """Of the heartbeats that this agent has sent."""
    degraded: "list[str]"
    """What of its protection was refused, in words (harden)."""


def open_node(setup: Setup, files: RunFiles, wake: Callable[[], None]) -> Node:
    """Opens everything beforehand that must not be looked for later. Raises OSError: then nothing may be started."""
    core, paths = setup.core, setup.paths
    memory = files.memory()
    plan = KillPlan(
        paths.control_groups, paths.mounts, paths.reset, setup.data.directory, core.heartbeat, core.give_up, core.watchdog
    )
    notes = Notes(files, plan)
    addresses = Addresses()
    manager = Manager()
    terms = Terms(
        setup.lease.directory,
        setup.lease.filesystem,
        paths.mounts,
        core.node,
        core.peers,
        claim_time(setup),
        core.watchdog,
    )
    pod = setup.pod
    together = Together(core.container, pod, setup.questions) if pod != Pod() else None
    return Node(
        setup=setup,
        files=files,
        memory=memory,
        events=Events(files.events),
        notes=notes,
        lease=LeaseClient(files.lease, terms),
        container=ContainerEdge(core.container, paths.docker, paths.control_groups, notes, together),
        storage=StorageView(setup, files.seen_data),
        addresses=addresses,
        announcer=Announcer(files.vips, addresses),
        dog=GuardDog(paths.watchdog, core.watchdog_mode, core.watchdog, manager, kept(), memory.epoch != 0),
        reset=Reset(paths.reset),
        track=Track(files.track),
        jobs=Jobs(wake, ForkClient(own_command("jobs", "--run", files.folder))),
        health=HealthProcess(own_command("health", "--run", files.folder)),
        orders=OrderBook(read_lasting(paths.state), files.leave),
        manager=manager,
        beats=Meter(),
        degraded=[],
    )
