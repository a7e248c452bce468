"""Whom the kernel's NFS server lets in: a file of exports for each image."""

import contextlib
import hashlib
import ipaddress
import os
import re
import subprocess
from collections.abc import Sequence

from .files import Refused, run, write
from .image import Image


def publish(image: Image, clients: "Sequence[str]") -> None:
    """To these IPv4 addresses alone. Raises Refused."""
    for client in clients:
        with contextlib.suppress(ValueError):
            if str(ipaddress.IPv4Address(client)) == client:
                continue
        raise Refused(f"'{client}' is no IPv4 address")
    if not clients:
        raise Refused("an export to nobody serves nothing: name its clients")
    with image.alone():
        if not image.mounted():
            raise Refused(f"{image.point} is not mounted: `make` it first")
        os.makedirs(image.places.exports, mode=0o755, exist_ok=True)
        write(image.exports, render(image.name, image.point, clients), 0o644)
        said = _take(image)
        missing = [client for client in clients if client not in clients_of(image)]
        if missing:
            raise Refused(f"the kernel's NFS server does not export {image.point} to {', '.join(missing)}: {said}")


def withdraw(image: Image) -> None:
    with image.alone():
        with contextlib.suppress(FileNotFoundError):
            os.unlink(image.exports)
            _take(image)
        left = clients_of(image)
        if left:
            raise Refused(f"{image.point} is still exported to {', '.join(left)}: another file of exports says so")


def clients_of(image: Image) -> "list[str]":
    """Whom the running server exports it to."""
    try:
        listed = run(image.places.exportfs, "-s")
    except Refused:
        return []
    return re.findall(rf"^{re.escape(image.point)}\s+([^\s()]+)\(", listed, re.MULTILINE)


def _take(image: Image) -> str:
    """exportfs may complain of other exports: what it serves afterwards counts."""
    done = subprocess.run([image.places.exportfs, "-ra"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.stderr.decode("utf-8", "replace").strip()[-500:] or "exportfs says nothing"


def render(name: str, point: str, clients: "Sequence[str]") -> str:
    """As providers/nfs/kernel-exports.ts has it; `mp`: nothing is exported where the image is not mounted."""
    options = f"rw,sync,no_subtree_check,no_root_squash,mp,fsid={file_system_id(name)},sec=sys"
    lines = [f"{point} {client}({options})" for client in clients]
    return "\n".join(["# Made by ha-rancher; changes are overwritten.", *lines, ""])


def file_system_id(name: str) -> str:
    """The same identity for clients whatever loop device it has."""
    digits = hashlib.sha256(f"ha-rancher {name}".encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], f"8{digits[13:16]}", f"8{digits[17:20]}", digits[20:32]))
