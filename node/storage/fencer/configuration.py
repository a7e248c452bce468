"""What the helper is told (JSON), which `npm run up` writes:

{"directory": "/srv/ha-rancher",                      exported; nodes mount `lease` and `data` of it
 "nodes": {"rancher-1": "192.168.56.11"},             their addresses
 "fsid": {"lease": "UUID", "data": "UUID"},           of the two exports, the same after a restart of the server
 "exportsFile": "/etc/exports.d/ha-rancher.exports",  the helper's alone
 "paths": {"state": "/var/lib/ha-rancher-fence"}}     for tests
"""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.core.record import NODE_NAME
from agent.files import read_small
from agent.reader import ABSOLUTE, Reader

#: Bytes of a configuration.
LONGEST = 64 << 10

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Refused(Exception):
    """All mistakes, each with its setting in backticks."""


class Paths(NamedTuple):
    state: str = "/var/lib/ha-rancher-fence"
    nfsd: str = "/proc/fs/nfsd"
    locks: str = "/proc/locks"
    etab: str = "/var/lib/nfs/etab"
    exportfs: str = "/usr/sbin/exportfs"


class Setup(NamedTuple):
    directory: str
    nodes: Mapping[str, str]
    fsids: Mapping[str, str]
    exports_file: str
    paths: Paths = Paths()


def load(path: str) -> Setup:
    """Raises Refused."""
    try:
        return check(json.loads(read_small(path, LONGEST)))
    except (OSError, ValueError, RecursionError) as error:
        raise Refused(f"{path} cannot be read as JSON: {error}; `npm run up` writes it") from error


def check(told: Any) -> Setup:
    """Raises Refused."""
    found: list[str] = []
    top = Reader(told, "", found)
    directory, exports_file = top.text("directory", ABSOLUTE), top.text("exportsFile", ABSOLUTE)
    fsid = top.part("fsid")
    fsids = {name: fsid.text(name, _UUID) for name in ("lease", "data")}
    fsid.end()
    nodes = top.part("nodes").rest
    for name, address in nodes.items():
        if not NODE_NAME.fullmatch(name) or not _is_address(address):
            found.append(f"`nodes.{name}` must be an IPv4 address, and its name a node's")
    if not nodes or len(set(map(str, nodes.values()))) != len(nodes):
        found.append("`nodes` must name at least one node, each with an address of its own")
    if fsids["lease"] == fsids["data"]:
        found.append("`fsid.data` must be another one than `fsid.lease`")
    part = top.part("paths")
    paths = Paths(**{name: part.text(name, ABSOLUTE, default) for name, default in Paths()._asdict().items()})
    part.end()
    top.end()
    if found:
        raise Refused("; ".join(found))
    return Setup(directory, nodes, fsids, exports_file, paths)


def _is_address(told: Any) -> bool:
    try:
        return isinstance(told, str) and bool(ipaddress.IPv4Address(told))
    except ValueError:
        return False
