"""`agent look-around`: what the observer does that may hang, as a process with a time limit: it touches NFS and the network.

It puts this node's events beside the lease, reads those of the others there, and looks at backups and the service's certificate.
Reads what to do from standard input, writes what it found to standard output, both JSON.
"""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
from typing import Any, Optional

from ..files import read_small, write_whole
from ..mounts import read_table
from .certificate import end_of

#: Bytes of a node's events beside the lease, which has little room.
BESIDE = 32 << 10
_BACKUP = re.compile(r"rancher-\d{8}T\d{6}Z\.tar")
_LIMIT = 5


def look_around(asked: "dict[str, Any]") -> "dict[str, Any]":
    """`asked`: node, peers, lease (directory, filesystem, mounts), events (text or null), backup (directory), certificate,
    systemctl. All but node may be missing."""
    found: dict[str, Any] = {"peers": {}}
    lease = asked.get("lease") or {}
    if lease and _is_mounted(lease):
        found["beside"] = _put(lease["directory"], str(asked["node"]), asked.get("events"))
        for peer in asked.get("peers") or []:
            found["peers"][peer] = _events_of(lease["directory"], peer)
    if asked.get("backup"):
        found["backup"] = _last_backup(str(asked["backup"]))
        found["backup_failed"] = _backup_failed(str(asked.get("systemctl") or "systemctl"))
    if asked.get("certificate"):
        found["certificate"], found["certificate_words"] = _certificate(str(asked["certificate"]))
    return found


def run_look_around() -> int:
    print(json.dumps(look_around(json.load(sys.stdin))))
    return 0


def _is_mounted(lease: "dict[str, str]") -> bool:
    """What lies below a directory that is not mounted is this node's own disk."""
    table = read_table(lease["mounts"])
    return any(mount.point == lease["directory"] and mount.type == lease["filesystem"] for mount in table)


def name_of(node: str) -> str:
    """The file with a node's events in the lease directory."""
    return f"events.{node}"


def _put(directory: str, node: str, events: Optional[str]) -> str:
    """Why it could not be written; empty if it was, or there is nothing new."""
    if events is None:
        return ""
    try:
        write_whole(os.path.join(directory, name_of(node)), events.encode()[-BESIDE:], f".new.{node}")
    except OSError as error:
        return str(error)
    return ""


def _events_of(directory: str, node: str) -> str:
    try:
        return read_small(os.path.join(directory, name_of(node)), 2 * BESIDE).decode("utf-8", "replace")
    except OSError:
        return ""


def _last_backup(directory: str) -> Optional[float]:
    """When the newest one was written, seconds since 1970."""
    try:
        with os.scandir(directory) as entries:
            times = [entry.stat(follow_symlinks=False).st_mtime for entry in entries if _BACKUP.fullmatch(entry.name)]
    except OSError:
        return None
    return max(times, default=None)


def _backup_failed(systemctl: str) -> Optional[bool]:
    command = [systemctl, "show", "--property=Result", "--value", "ha-rancher-backup.service"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_LIMIT, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() not in (b"", b"success")


def _certificate(place: str) -> "tuple[Optional[float], str]":
    """When it ends; or why that is not known. Nothing is believed of it but that."""
    host, _, port = place.rpartition(":")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        address = (host.strip("[]"), int(port))
        with socket.create_connection(address, timeout=_LIMIT) as raw, context.wrap_socket(raw) as wrapped:
            given = wrapped.getpeercert(binary_form=True)
    except (OSError, ValueError) as error:
        return None, str(error)
    try:
        return end_of(given or b""), ""
    except ValueError as error:
        return None, str(error)
