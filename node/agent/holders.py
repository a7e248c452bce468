"""Who keeps a file system that is mounted nowhere any more: by an open file, a directory, or a mapping. It can write on.

The file system itself is touched only where it is known not to be another one's, whose server may be away.
"""

import contextlib
import os
from collections.abc import Iterator

from . import process
from .mounts import LONGEST_TABLE, parse_table


def nfs_volume(device: str, volumes: str) -> str:
    """What the NFS client calls a file system that is mounted: its server, device and number there; empty if it has none.

    `volumes`: the client's table of them. Another file system that gets the device later has another number.
    """
    return next((volume for volume in _volumes(volumes) if volume.split()[-2] == device), "")


def in_nfs_client(volume: str, volumes: str) -> bool:
    """Whether the NFS client still has it, whoever uses it."""
    return bool(volume) and volume in _volumes(volumes)


def _volumes(path: str) -> list[str]:
    """The columns NV, SERVER, PORT, DEV and FSID of each line."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.split()[:5] for line in file.read(LONGEST_TABLE).splitlines()]
    except OSError:
        return []
    return [" ".join(columns) for columns in lines if len(columns) == 5]


def holders_of(device: str, proc: str = "/proc") -> "list[process.Process]":
    """Of a file system that is mounted nowhere. `device`: major:minor."""
    major, minor = (int(part) for part in device.split(":"))
    number, mapped = os.makedev(major, minor), f" {major:02x}:{minor:02x} "
    folders = [f"{proc}/{name}" for name in os.listdir(proc) if name.isdigit() and int(name) != os.getpid()]
    mounted = _Mounted(folders)
    found = (process.find(int(os.path.basename(folder))) for folder in folders if _holds(folder, number, mapped, mounted))
    return [holder for holder in found if holder]


class _Mounted:
    """What is mounted anywhere: whoever uses one of these does not use what is mounted nowhere."""

    def __init__(self, folders: "list[str]") -> None:
        self.ids: set[bytes] = set()
        self._nfs: dict[str, list[str]] = {}
        for folder in folders:
            with contextlib.suppress(OSError):
                namespace = os.readlink(f"{folder}/ns/mnt")
                if namespace not in self._nfs:
                    with open(f"{folder}/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
                        table = file.read(LONGEST_TABLE)
                    self.ids.update(line.split(" ", 1)[0].encode() for line in table.splitlines())
                    self._nfs[namespace] = [f"{mount.point.rstrip('/')}/" for mount in parse_table(table) if mount.is_nfs()]

    def on_other_nfs(self, folder: str, path: str) -> bool:
        return any(f"{path}/".startswith(point) for point in self._nfs.get(os.readlink(f"{folder}/ns/mnt"), ()))


def _holds(folder: str, number: int, mapped: str, mounted: _Mounted) -> bool:
    with contextlib.suppress(OSError):
        for link in _links(folder, mounted):
            with contextlib.suppress(OSError):
                if os.stat(link).st_dev == number:
                    return True
    with contextlib.suppress(OSError), open(f"{folder}/maps", encoding="utf-8", errors="surrogateescape") as file:
        return mapped in file.read(LONGEST_TABLE)
    return False


def _links(folder: str, mounted: _Mounted) -> Iterator[str]:
    """Of whatever it has open that may be on no mount."""
    for name in ("cwd", "root"):
        with contextlib.suppress(OSError):
            if not mounted.on_other_nfs(folder, os.readlink(f"{folder}/{name}")):
                yield f"{folder}/{name}"
    for name in os.listdir(f"{folder}/fdinfo"):
        with contextlib.suppress(OSError):
            if os.readlink(f"{folder}/fd/{name}").startswith("/") and _mount_id(f"{folder}/fdinfo/{name}") not in mounted.ids:
                yield f"{folder}/fd/{name}"


def _mount_id(path: str) -> bytes:
    with open(path, "rb") as file:
        return next((line.split()[1] for line in file.read(4096).splitlines() if line.startswith(b"mnt_id:")), b"")
