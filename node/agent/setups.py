"""What an agent is told, whichever workload it is for."""

from typing import Any, Union

from .address.configuration import check_address, is_address
from .address.setup import AddressSetup
from .configuration import check
from .setup import Setup


def setup_of(told: Any, version: str, source: str) -> Union[Setup, AddressSetup]:
    """`told`: the configuration as `load` gives it. `source`: for messages. Raises Refused."""
    return check_address(told, version, source) if is_address(told) else check(told, version, source)
