"""What the kernel's NFS server says of its clients and locks, and how one is expired.

A client's `info` has `address: "IP:PORT"` and `status: confirmed` before all that the client says of itself; its `states` have
a line for each open file or lock, with `superblock: "MAJOR:MINOR:INODE"`, as proc(5) has for /proc/locks. Writing `expire` to
its `ctl` returns once all its state is gone; Linux has these files since 5.3.
"""

import os
import re
import threading
import time

from .core import Client, Key

#: Bytes of one of these tables: whatever is behind them is not looked at.
_LONGEST = 16 << 20
_MOST_CLIENTS = 10_000

_ADDRESS = re.compile(r'^address: "([0-9.]+):[0-9]+"$')
_LOCK = re.compile(r'^- 0x[0-9a-f]+: \{ type: lock, superblock: "([0-9a-f]+):([0-9a-f]+):([0-9]+)"')
_WHOLE = re.compile(r"^[0-9]+: (?:POSIX|FLOCK|OFDLCK) +ADVISORY +WRITE +-?[0-9]+ ([0-9a-f]+):([0-9a-f]+):([0-9]+) 0 EOF$")


def _key(major: str, minor: str, inode: str) -> Key:
    return f"{int(major, 16)}:{int(minor, 16)}:{inode}"


def key_of(found: os.stat_result) -> Key:
    return f"{os.major(found.st_dev)}:{os.minor(found.st_dev)}:{found.st_ino}"


def locks_in(table: str) -> "frozenset[Key]":
    """Files with an exclusive lock of the whole file, by /proc/locks."""
    return frozenset(_key(*match.groups()) for line in table.splitlines() if (match := _WHOLE.match(line)))


def client_of(number: str, info: str, states: str) -> Client:
    """Only lines before the client's own name count: the rest it may choose."""
    address, status = "", ""
    for line in info.splitlines():
        if line.startswith("name:"):
            break
        match = _ADDRESS.match(line)
        address = match[1] if match and not address else address
        status = line.partition(": ")[2] if line.startswith("status:") and not status else status
    locked = frozenset(_key(*match.groups()) for line in states.splitlines() if (match := _LOCK.match(line)))
    return Client(number, address, status == "confirmed", locked)


class Nfsd:
    """`folder`: /proc/fs/nfsd. `locks`: /proc/locks."""

    def __init__(self, folder: str, locks: str) -> None:
        self._folder = folder
        self._locks = locks

    def locks(self) -> "frozenset[Key]":
        return locks_in(_read(self._locks))

    def clients(self) -> "tuple[Client, ...]":
        """Raises OSError where the kernel has no such files."""
        found = []
        for number in sorted(os.listdir(self._clients()))[:_MOST_CLIENTS]:
            try:
                info, states = (_read(os.path.join(self._clients(), number, name)) for name in ("info", "states"))
            except FileNotFoundError:
                continue
            except OSError:
                # It is being expired.
                if os.path.isdir(os.path.join(self._clients(), number)):
                    raise
                continue
            found.append(client_of(number, info, states))
        return tuple(found)

    def expire(self, numbers: "list[str]", limit: float) -> None:
        """Returns when all are gone, or after `limit` seconds: what has become of them is looked at afterwards. A write to `ctl`
        may hang in the kernel, and so is a thread's."""
        deadline = time.monotonic() + limit
        for number in numbers:
            threading.Thread(target=self._expire, args=(number,), daemon=True).start()
        folders = [os.path.join(self._clients(), number) for number in numbers]
        while any(map(os.path.exists, folders)) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _expire(self, number: str) -> None:
        try:
            fd = os.open(os.path.join(self._clients(), number, "ctl"), os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(fd, b"expire\n")
            finally:
                os.close(fd)
        except OSError:
            pass  # it is gone, or will be found to be there

    def _clients(self) -> str:
        return os.path.join(self._folder, "clients")


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(_LONGEST)
