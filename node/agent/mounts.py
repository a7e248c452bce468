"""What is mounted where, by the kernel's tables; nothing here touches what is mounted, which may hang."""

import contextlib
import ctypes
import os
import select
from collections.abc import Iterator
from typing import NamedTuple, Optional

from . import process

MOUNT_TABLE = "/proc/self/mountinfo"
#: umount2(2), mount.h
MNT_FORCE, MNT_DETACH, UMOUNT_NOFOLLOW = 1, 2, 8
_CLONE_NEWNS = 0x00020000
#: Bytes of a mount table that is read; a node with more mounts than that is nobody's.
LONGEST_TABLE = 4 << 20


_libc = ctypes.CDLL(None, use_errno=True)


class Mount(NamedTuple):
    """A line of proc_pid_mountinfo(5). `device`: major:minor, which names the superblock as long as there is one: the kernel
    gives the number of a file system that has gone to the next one that is mounted."""

    device: str
    root: str
    point: str
    type: str
    source: str

    def is_nfs(self) -> bool:
        return self.type in ("nfs", "nfs4")

    def may_be(self, other: "Mount") -> bool:
        """Whether both can be mounts of one file system. The source of an NFS mount is a path on the server, and differs."""
        if self.device != other.device:
            return False
        return self.is_nfs() if other.is_nfs() else (self.type, self.source) == (other.type, other.source)


def parse_table(table: str) -> Iterator[Mount]:
    for line in table.splitlines():
        fields = line.split(" ")
        try:
            dash = fields.index("-", 6)
            yield Mount(fields[2], _plain(fields[3]), _plain(fields[4]), fields[dash + 1], _plain(fields[dash + 2]))
        except (ValueError, IndexError):
            continue  # not whole: it is being changed, and will be read again


def _plain(text: str) -> str:
    """Without the octal escapes of blanks, tabs, line breaks and backslashes."""
    if "\\" not in text:
        return text
    for escape, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(escape, character)
    return text


def read_table(path: str = MOUNT_TABLE) -> list[Mount]:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return list(parse_table(file.read(LONGEST_TABLE)))


class MountTable:
    """A table that is kept open: the kernel tells when it has changed, so that it need not be read again and again."""

    def __init__(self, path: str = MOUNT_TABLE) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLPRI)
        self._points: Optional[dict[str, Mount]] = None

    def fileno(self) -> int:
        """Ready (POLLPRI) when the table has changed."""
        return self._fd

    def points(self, changed: bool = False) -> dict[str, Mount]:
        """What is seen at each mount point: the last one counts. `changed`: whoever waits for that was told so."""
        if self._points is None or changed or self._poll.poll(0):
            self._points = {mount.point: mount for mount in parse_table(self._read())}
        return self._points

    def _read(self) -> str:
        table, at = b"", 0
        while len(table) < LONGEST_TABLE:
            part = os.pread(self._fd, 64 << 10, at)
            if not part:
                break
            table, at = table + part, at + len(part)
        return table.decode("utf-8", "surrogateescape")


def mount_at(point: str, table: str = MOUNT_TABLE) -> Optional[Mount]:
    """What is seen at a mount point: the last one counts."""
    found = None
    for mount in read_table(table):
        if mount.point == point:
            found = mount
    return found


def filesystem_of(point: str, table: str = MOUNT_TABLE) -> str:
    """The type of the file system that is mounted on a directory; empty if none is."""
    mount = mount_at(point, table)
    return mount.type if mount else ""


def namespaces_with(lost: Mount, proc: str = "/proc") -> list[int]:
    """A process of each mount namespace in which a file system is still mounted, also of containers and other tenants."""
    seen = set()
    found = []
    for name in os.listdir(proc):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError):
            namespace = os.readlink(f"{proc}/{name}/ns/mnt")
            if namespace in seen:
                continue
            seen.add(namespace)
            if _mounts_of(lost, f"{proc}/{name}"):
                found.append(int(name))
    return found


def _mounts_of(lost: Mount, folder: str) -> list[Mount]:
    return [mount for mount in read_table(f"{folder}/mountinfo") if mount.may_be(lost)]


def unmount_in_namespace(pid: int, lost: Mount) -> None:
    """Kills who uses a file system in the mount namespace of a process, and takes it away there. In a child: nobody comes back
    from another namespace."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        found = _mounts_of(lost, f"/proc/{pid}")
        for mount in found:
            for user in users_of(mount, namespace=os.readlink(f"/proc/{pid}/ns/mnt")):
                user.kill()
        fd = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        if _libc.setns(fd, _CLONE_NEWNS) == 0:
            for mount in reversed(found):
                unmount(mount.point, MNT_DETACH)
    except OSError:
        pass  # it is looked at again
    finally:
        os._exit(0)


def users_of(mount: Mount, proc: str = "/proc", namespace: str = "") -> list[process.Process]:
    """Processes that keep a mount busy: by an open file, their directory, their root, or a mapping.

    Told by the paths that the kernel has of them, without touching the file system. `namespace`: the mount namespace that
    they must be in; this process's without.
    """
    namespace = namespace or os.readlink(f"{proc}/self/ns/mnt")
    found = []
    for name in os.listdir(proc):
        if name.isdigit() and int(name) != os.getpid() and _is_in(f"{proc}/{name}", namespace) and _uses(f"{proc}/{name}", mount):
            user = process.find(int(name))
            if user:
                found.append(user)
    return found


def _is_in(folder: str, namespace: str) -> bool:
    try:
        return os.readlink(f"{folder}/ns/mnt") == namespace
    except OSError:
        return False


def _uses(folder: str, mount: Mount) -> bool:
    below = mount.point.rstrip("/") + "/"
    with contextlib.suppress(OSError):
        for name in ("cwd", "root"):
            if (os.readlink(f"{folder}/{name}") + "/").startswith(below):
                return True
    with contextlib.suppress(OSError):
        for fd in os.listdir(f"{folder}/fd"):
            with contextlib.suppress(OSError):
                if (os.readlink(f"{folder}/fd/{fd}") + "/").startswith(below):
                    return True
    with contextlib.suppress(OSError), open(f"{folder}/maps", encoding="utf-8", errors="surrogateescape") as file:
        return f" {below}" in file.read(LONGEST_TABLE)
    return False


def unmount(point: str, flags: int = 0) -> None:
    """umount2(2), without any helper program. Raises OSError; EBUSY if somebody stands in it."""
    if _libc.umount2(os.fsencode(point), flags | UMOUNT_NOFOLLOW) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), point)


def cut_off(point: str, table: str = MOUNT_TABLE) -> None:
    """Takes a mount away whoever uses it and however the server is: what is open ends with an error, nobody finds it again."""
    while mount_at(point, table):
        try:
            unmount(point, MNT_FORCE | MNT_DETACH)
        except OSError:
            return
