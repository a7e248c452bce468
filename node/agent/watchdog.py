"""The watchdog device: resets this node unless it is fed. It is fed with heartbeats that the server has confirmed, and with
nothing else, so that whatever goes wrong on this node ends in a reset by itself.

linux/watchdog.h; Documentation/watchdog/watchdog-api.rst
"""

import contextlib
import fcntl
import glob
import os
import struct
from typing import Callable, Optional

_SET_TIMEOUT, _GET_TIMEOUT, _KEEP_ALIVE, _GET_SUPPORT = 0xC0045706, 0x80045707, 0x80045705, 0x80285700
_MAGIC_CLOSE = 0x0100

Ioctl = Callable[[int, int, bytes], bytes]


def ioctl(fd: int, request: int, argument: bytes) -> bytes:
    return fcntl.ioctl(fd, request, argument)


def devices(pattern: str = "/dev/watchdog[0-9]*", names: str = "/sys/class/watchdog") -> list[str]:
    """All devices, hardware first: the kernel's own one needs a kernel that still runs."""

    def software(path: str) -> bool:
        with contextlib.suppress(OSError), open(f"{names}/{os.path.basename(path)}/identity", encoding="ascii") as file:
            return file.read().startswith("Software Watchdog")
        return False

    return sorted(glob.glob(pattern), key=lambda path: (software(path), path))


class Watchdog:
    """An open device; it counts from the moment it is opened. `fd`: one that was kept over a restart of the agent.

    Raises OSError: EBUSY if another program has it.
    """

    def __init__(self, path: str, limit: int, fd: Optional[int] = None, call: Ioctl = ioctl) -> None:
        self.path = path
        self._call = call
        self._limit = limit
        self._set = 0  # seconds
        self.fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC) if fd is None else fd
        if fd is None:
            try:
                self._set_timeout(limit // 1000)
            except OSError:
                # Not for us then: it would reset the node late.
                self._close()
                raise

    def _set_timeout(self, seconds: int) -> None:
        answer = self._call(self.fd, _SET_TIMEOUT, struct.pack("i", seconds))
        if struct.unpack("i", answer)[0] > seconds:
            raise OSError(f"{self.path} cannot be set to {seconds} s but to {struct.unpack('i', answer)[0]}")
        self._set = seconds

    def feed(self, left: int) -> bool:
        """`left`: milliseconds until this node must be silent, counted from the heartbeat that was confirmed. It resets the
        node by then, so an old confirmation feeds it with less. Whether it was fed."""
        seconds = min(left, self._limit) // 1000
        if seconds < 1:
            return False
        try:
            if seconds != self._set:
                self._set_timeout(seconds)
            self._call(self.fd, _KEEP_ALIVE, struct.pack("i", 0))
        except OSError:
            self._set = 0
            return False
        return True

    def disarm(self) -> bool:
        """After a stop that succeeded. False if it goes on: the device, or the kernel, lets nobody stop it (nowayout)."""
        try:
            support = struct.unpack("II32s", self._call(self.fd, _GET_SUPPORT, bytes(40)))[0]
            os.write(self.fd, b"V")
        except OSError:
            support = 0
        name = os.path.basename(self.path)
        stopped = bool(support & _MAGIC_CLOSE) and not _is_one(f"/sys/class/watchdog/{name}/nowayout")
        if stopped:
            self._close()
        return stopped

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self.fd, b"V")
        os.close(self.fd)
        self.fd = -1


def _is_one(path: str) -> bool:
    with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
        return file.read().strip() == "1"
    return False
