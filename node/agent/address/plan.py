"""What an agent without a lease is told, as its decisions need it. All times are whole milliseconds."""

from typing import NamedTuple


class Check(NamedTuple):
    """One question about what runs here behind a VIP. How it is asked, `asking.py` knows."""

    shown: str
    """What is asked, in words: `tcp 192.168.56.11:80`."""
    rise: int = 2
    """Good answers in a row after which what was bad is good."""
    fall: int = 2
    """Bad answers in a row after which what was good is bad."""
    weight: int = 0
    """0: while it is bad the node refuses the VIP. More: the node's priority for the VIP is less by so much."""
    on_holder: bool = False
    """Asked only where the VIP is: of what is started with it."""
    patience: int = 5_000
    """Without an answer for so long it is bad."""


class Vip(NamedTuple):
    """A floating IP that moves by itself: an instance of VRRP of its own."""

    name: str
    checks: tuple[Check, ...] = ()
    units: tuple[str, ...] = ()
    """systemd's, started where the VIP is, in this order, and stopped elsewhere."""
    preferred: bool = True
    """Whether this is the node that is to have it first."""


class Plan(NamedTuple):
    node: str
    version: str
    """Of this agent: the name of its folder."""
    vips: tuple[Vip, ...] = ()
    peers: tuple[str, ...] = ()
    let_first: int = 5_000
    """After a boot the node that is preferred for a VIP goes first: another one refuses it for so long."""
    hold_off: int = 60_000
    """How long a node refuses a VIP after what is started with it failed here."""
    start_limit: int = 60_000
    """What starting the units of a VIP may take, and stopping them; until then checks on the holder may be bad."""
