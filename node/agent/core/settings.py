"""The agent's settings as its decisions need them, and the rules that they must keep. All times are whole milliseconds."""

import enum
from typing import NamedTuple

from .record import LEAST_SILENCE, MOST_SILENCE, NODE_NAME, WORD


class WatchdogMode(enum.Enum):
    """Whether this node needs a watchdog device to become the owner."""

    REQUIRED = "required"
    AUTOMATIC = "automatic"
    OFF = "off"


class Configuration(NamedTuple):
    """Read once, at the start; what is on disk later changes nothing in a running agent."""

    node: str
    """This node's name, unique in the stack."""
    version: str
    """Of this agent: the name of its folder."""
    boot: str
    """/proc/sys/kernel/random/boot_id."""
    container: str
    """Name of the container to run."""
    peers: tuple[str, ...] = ()
    """Names of the other nodes."""

    heartbeat: int = 1_000
    """Between two heartbeats of the owner, and two rounds of the agent."""
    give_up: int = 6_000
    """Without a confirmed heartbeat for so long the owner kills its container."""
    watchdog: int = 10_000
    """After so long without one it is certain not to write; one heartbeat before it resets itself if in doubt."""
    lease_time: int = 15_000
    """Lease time of the NFS server, as it should be; `Observation.server_lease` says what it is."""
    grace_time: int = 20_000
    """After its restart the NFS server gives nobody a new lock, nor an open file, for so long."""
    watchdog_mode: WatchdogMode = WatchdogMode.AUTOMATIC

    follow_lease: int = 1_500
    """A node with the VIP that sees another one serve for so long gives it back."""
    vip_loss: int = 15_000
    """An owner without the VIP for so long hands over, if another node is fit to serve."""
    hold: int = 10_000
    """How long a VIP that was given back is refused at least; doubled with each time."""
    hold_off: int = 60_000
    """How long a node refuses the VIP after the service failed on it."""

    failures: int = 3
    """So many failures of the service without a time of being well in between, and another node tries."""
    well_time: int = 60_000
    """The service must be well for so long without a break until its failures are forgotten."""
    start_deadline: int = 300_000
    """From the first start until the service is well, however often it is started in that time."""
    refused_time: int = 4_000
    """Refused connections for so long: the service is not well."""
    slow_time: int = 60_000
    """Slow or wrong answers for so long: it is not well. Shorter: it is busy."""

    start_limit: int = 60_000
    """What mounting, and starting the container, may take."""
    stop_grace: int = 30_000
    """Between SIGTERM and SIGKILL when the container is stopped in order."""
    unwell_grace: int = 5_000
    """The same for a service that does not answer."""
    copy_limit: int = 20_000
    """What the copy of the datastore before a start may take."""
    work_limit: int = 3_600_000
    """What a backup or a restore may take while the service is stopped."""
    clone_after_unclean_end: bool = True
    """Whether the next owner works on a copy if the last one did not end in order."""

    storage_fence: bool = False
    """Whether a helper on the NFS server can cut other nodes off from the data."""
    fence: bool = False
    """Whether a fence agent can turn other nodes off."""
    fence_limit: int = 60_000
    """What one try of it may take."""
    fence_fallback: int = 60_000
    """If it fails for so long, and the last owner had an armed watchdog, timers decide."""
    fence_check: int = 180_000
    """Between two questions whether it would work."""


def mistakes(settings: Configuration) -> tuple[str, ...]:
    """What is wrong with them, each with the setting in backticks; nothing if they are right."""
    found: list[str] = []
    for name in ("node", *settings.peers):
        value = settings.node if name == "node" else name
        if not NODE_NAME.fullmatch(value):
            found.append(f"`node`: '{value}' is no node's name")
    for name, value in (("version", settings.version), ("boot", settings.boot)):
        if not WORD.fullmatch(value):
            found.append(f"`{name}`: '{value}' is no word of letters, digits and `_.+-`, at most 64")
    if settings.node in settings.peers:
        found.append(f"`peers` must not name this node, {settings.node}")
    if len(set(settings.peers)) != len(settings.peers):
        found.append("`peers` names a node twice")
    for name in TIMES:
        if getattr(settings, name) <= 0:
            found.append(f"`{name}` must be more than 0 ms")
    if settings.failures < 1:
        found.append("`failures` must be at least 1")
    found.extend(order_mistakes(settings))
    return tuple(found)


TIMES = (
    "heartbeat", "give_up", "watchdog", "lease_time", "grace_time", "follow_lease", "vip_loss", "hold", "hold_off",
    "well_time", "start_deadline", "refused_time", "slow_time", "start_limit", "stop_grace", "unwell_grace", "copy_limit",
    "work_limit", "fence_limit", "fence_fallback", "fence_check",
)  # fmt: skip


def order_mistakes(settings: Configuration) -> list[str]:
    """The order that the argument for one writer stands on."""
    rules = (
        (settings.give_up >= 3 * settings.heartbeat, "`give_up` must be at least three times `heartbeat`"),
        (
            settings.watchdog >= settings.give_up + 2 * settings.heartbeat,
            "`watchdog` must be at least `give_up` and two times `heartbeat`: killing takes time",
        ),
        (settings.lease_time > settings.watchdog, "`lease_time` must be more than `watchdog`"),
        (settings.grace_time >= settings.lease_time, "`grace_time` must be at least `lease_time`"),
        (settings.follow_lease > settings.heartbeat, "`follow_lease` must be more than `heartbeat`"),
        (
            settings.vip_loss >= settings.follow_lease + 3 * settings.heartbeat,
            "`vip_loss` must be at least `follow_lease` and three times `heartbeat`: so long a VIP takes to come back",
        ),
        (
            LEAST_SILENCE <= settings.watchdog <= MOST_SILENCE,
            f"`watchdog` must be from {LEAST_SILENCE} to {MOST_SILENCE} ms",
        ),
    )
    return [words for kept, words in rules if not kept]
