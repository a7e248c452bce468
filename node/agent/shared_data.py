"""The shared data of the owner: mounts it and makes certain that it is this stack's; takes it away in order. Run as jobs."""

import ctypes
import errno
import os
import time
from typing import Callable

from . import process
from .configuration import SENTINEL_NAME
from .copies import Copies
from .files import read_small
from .holders import holders_of, in_nfs_client, nfs_volume
from .mounts import MNT_DETACH, MNT_FORCE, Mount, mount_at, namespaces_with, unmount, unmount_in_namespace, users_of
from .restore import Restore
from .setup import Setup

_SENTINEL_BYTES = 4096
_libc = ctypes.CDLL(None, use_errno=True)
#: Seconds that whoever was killed gets to be gone.
_GONE = 5.0


class Failed(Exception):
    """A job's outcome, in words."""


def mount_data(setup: Setup, start_unit: Callable[[str], None], still_owner: Callable[[], None]) -> str:
    """Mounts it by its unit, which has the options, and finishes what an earlier owner has begun. Raises Failed, OSError."""
    directory = setup.data.directory
    if mount_at(directory, setup.paths.mounts) is None:
        start_unit(setup.data.unit)
    if mount_at(directory, setup.paths.mounts) is None:
        raise Failed(f"{directory} is not mounted")
    check_sentinel(directory, setup.data.sentinel)
    Restore(directory, still_owner).finish()
    Copies(directory, setup.data.datastore, setup.data.copies).repair()
    return ""


def check_sentinel(directory: str, sentinel: str) -> None:
    """Raises Failed: also where it is missing, which is no new stack but a disk that is not mounted on the server."""
    path = os.path.join(directory, SENTINEL_NAME)
    try:
        found = read_small(path, _SENTINEL_BYTES).decode("utf-8", "replace").split("\n")[0]
    except FileNotFoundError:
        raise Failed(f"{path} is missing: this is not the stack's data, or the server's disk is not mounted") from None
    if found != sentinel:
        raise Failed(f"{path} says {found[:80]!r}, not {sentinel!r}: not this stack's data")


def unmount_data(setup: Setup, force: bool) -> str:
    """Over only when the file system is mounted nowhere any more, in no namespace: only then the lease may be released."""
    directory, table = setup.data.directory, setup.paths.mounts
    killed: set[process.Process] = set()
    first = mount_at(directory, table)
    if first is None:
        return ""
    volume = nfs_volume(first.device, setup.paths.nfs_volumes)
    if force:
        while mount_at(directory, table):
            unmount(directory, MNT_FORCE | MNT_DETACH)
    else:
        _sync(directory)
        while True:
            mount = mount_at(directory, table)
            if mount is None:
                break
            try:
                unmount(directory)
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                killed |= _clear(mount)
                unmount(directory, MNT_DETACH)
    killed |= _wait_until_nowhere(setup, first, volume, killed)
    if killed:
        return f"killed {len(killed)} processes that used {directory}"
    return ""


def _sync(directory: str) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _libc.syncfs(fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), directory)
    finally:
        os.close(fd)


def _clear(mount: Mount) -> "set[process.Process]":
    """Ends those who keep it busy: somebody's shell, a monitoring agent, a `du`."""
    found = set(users_of(mount))
    for user in found:
        user.kill()
    deadline = time.monotonic() + _GONE
    while any(user.lives() for user in found) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def _wait_until_nowhere(setup: Setup, lost: Mount, volume: str, killed: "set[process.Process]") -> "set[process.Process]":
    """A mount of it in another namespace keeps the file system, and with it what can write: it is taken away there, too. So
    does whoever has opened something of it there, or has it from somebody else: he is ended, and returned."""
    deadline = time.monotonic() + _GONE
    found: set[process.Process] = set()
    while True:
        # The NFS client knows best. Once it has it no more, what has its device is another file system.
        kept = in_nfs_client(volume, setup.paths.nfs_volumes)
        namespaces = namespaces_with(lost) if kept or not volume else []
        alive = [user for user in killed | found if user.lives()]
        holders = holders_of(lost.device) if not namespaces and (kept or not lost.is_nfs()) else []
        if not (namespaces or alive or kept or holders):
            return found
        if time.monotonic() > deadline:
            raise Failed(_still_there(lost, namespaces, [*holders, *alive]))
        for pid in namespaces:
            unmount_in_namespace(pid, lost)
        for holder in holders:
            holder.kill()
        found.update(holders)
        time.sleep(0.05)


def _still_there(mount: Mount, namespaces: "list[int]", users: "list[process.Process]") -> str:
    if namespaces:
        return f"{mount.source} is still mounted by processes {', '.join(map(str, namespaces[:5]))}"
    if users:
        return f"{mount.source} is still used by processes {', '.join(str(user.pid) for user in users[:5])}"
    return f"the kernel still has {mount.source}, and no process that uses it is found"
