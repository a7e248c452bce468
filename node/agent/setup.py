"""What a node's agent is told: types. `configuration.py` reads and checks them."""

from typing import NamedTuple, Optional

from .core.settings import Configuration
from .reader import ABSOLUTE, Reader, camel


class Data(NamedTuple):
    """The shared data."""

    directory: str
    """Its mount point."""
    unit: str
    """The systemd mount unit of it; only the agent starts it."""
    sentinel: str
    """First line of the file SENTINEL_NAME in it: tells this stack's data from any other."""
    datastore: str
    """What of it is copied before each start, relative; the datastore's directory."""
    copies: int
    """Copies from before starts that went well that are kept."""


class LeasePlace(NamedTuple):
    """The lease directory, mounted all the time."""

    directory: str
    unit: str
    filesystem: str
    """nfs4, or nfs with version 3."""
    identity: str
    """This node's NFSv4 client identity; unique among all clients of the NFS server."""


class Question(NamedTuple):
    """How the service is asked whether it is well: one of url, tcp, command and log is given. Times are milliseconds."""

    url: str = ""
    """http or https, without a check of the certificate."""
    status: tuple[int, ...] = ()
    """What the page answers while the service is well; none: any of 200 to 299."""
    tcp: str = ""
    """HOST:PORT that takes connections."""
    command: tuple[str, ...] = ()
    """Runs in the container; 0 is well."""
    log: str = ""
    """Part of a line that the container has written since its last start."""
    container: str = ""
    """Whose command or log; empty: the main one's."""
    every: int = 1_000
    timeout: int = 5_000


class Hook(NamedTuple):
    """A container that runs to its end. `timeout`: milliseconds, after which it is killed, and has failed."""

    container: str
    timeout: int = 30_000


class Pod(NamedTuple):
    """What else is of the service, beside its main container (together.py). Without any of it the container is alone."""

    companions: tuple[str, ...] = ()
    """Names of containers that are started before it, in this order, and stopped after it."""
    before: tuple[Hook, ...] = ()
    """Run before each start, one after the other; one that fails is a start that failed."""
    after: tuple[Hook, ...] = ()
    """Run after each stop in order."""


class Backup(NamedTuple):
    """Commands in the service's container, for a backup while it runs."""

    command: tuple[str, ...]
    """Writes all data to its standard output."""
    restore: tuple[str, ...]
    """Takes it in from its standard input; empty: none does."""
    of: str = ""
    """Which container; empty: the main one. Its name is that of its service, `of`, and what the main one's name ends with."""


class Fence(NamedTuple):
    agent: str
    """A program that takes its options on standard input (FenceAgentAPI)."""
    directory: str
    """A file for each node, `option=value` a line."""


class Paths(NamedTuple):
    """Where things are on a node."""

    run: str = "/run/ha-rancher"
    state: str = "/var/lib/ha-rancher"
    docker: str = "/run/docker.sock"
    control_groups: str = "/sys/fs/cgroup"
    mounts: str = "/proc/self/mountinfo"
    mount_statistics: str = "/proc/self/mountstats"
    nfs_volumes: str = "/proc/fs/nfsfs/volumes"
    identity: str = "/sys/fs/nfs/net/nfs_client/identifier"
    recover_lost_locks: str = "/sys/module/nfs/parameters/recover_lost_locks"
    watchdog: str = "/dev/watchdog[0-9]*"
    reset: str = "/proc/sysrq-trigger"
    systemctl: str = "/usr/bin/systemctl"
    keepalived: str = "/etc/keepalived/keepalived.conf"


def paths_in(part: Reader) -> Paths:
    paths = Paths(**{name: part.text(camel(name), ABSOLUTE, default) for name, default in Paths()._asdict().items()})
    part.end()
    return paths


class Setup(NamedTuple):
    core: Configuration
    vip: str
    address: str
    """Of this node, where what it serves is asked."""
    data: Data
    lease: LeasePlace
    questions: tuple[Question, ...]
    fence: Optional[Fence]
    paths: Paths
    pod: Pod = Pod()
    backup: Optional[Backup] = None
    """None: a backup stops the service."""
