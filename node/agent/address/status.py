"""What is measured of a node with an agent without a lease, for `status`: where the agent does not answer, and beside what it
says."""

import ipaddress
from typing import Any

from ..netlink import Addresses
from ..orders import read_lasting
from ..run_files import RunFiles
from ..track import read_track
from .files import track_file
from .setup import AddressSetup


def measured(setup: AddressSetup, files: RunFiles) -> "dict[str, Any]":
    """Without an agent."""
    addresses = Addresses()
    vips = [
        {
            "name": vip.name,
            "address": address,
            "holds": addresses.has(ipaddress.ip_address(address)),
            "fit": read_track(track_file(files, vip)),
            "preferred": vip.preferred,
            "reason": "no agent runs here: nobody asks whether all is well",
        }
        for vip, address in zip(setup.plan.vips, setup.vips)
    ]
    return {
        "vips": vips,
        "holdsVip": any(one["holds"] for one in vips),
        "fit": all(one["fit"] for one in vips),
        "orders": {name: reason or None for name, reason in read_lasting(setup.paths.state).items()},
    }
