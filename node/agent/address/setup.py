"""What an agent without a lease is told. `configuration.py` reads and checks it."""

from typing import NamedTuple

from ..setup import Paths
from .plan import Plan


class Asked(NamedTuple):
    """How a check is asked; one of url, tcp, unit, process and command is given. Times are milliseconds."""

    url: str = ""
    """http or https, without a check of the certificate."""
    status: tuple[int, ...] = ()
    """What the page answers while all is well; none: any of 200 to 299."""
    tcp: str = ""
    """HOST:PORT that takes connections."""
    unit: str = ""
    """A unit of systemd that is active."""
    process: str = ""
    """A process's name, as in /proc/PID/comm."""
    command: tuple[str, ...] = ()
    """Runs as root; 0 is well."""
    on_holder: bool = False
    every: int = 500
    timeout: int = 2_000

    @property
    def shown(self) -> str:
        """For messages."""
        if self.unit or self.process:
            return f"unit {self.unit}" if self.unit else f"process {self.process}"
        return self.url or (f"tcp {self.tcp}" if self.tcp else self.command[0])


class AddressSetup(NamedTuple):
    plan: Plan
    vips: tuple[str, ...]
    """Their addresses, in the plan's order."""
    asked: tuple[tuple[Asked, ...], ...]
    """The checks of each VIP."""
    address: str
    """Of this node."""
    paths: Paths
