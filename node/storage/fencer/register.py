"""Who is cut off: on the server's own disk, where no node can write, and there before anything is done about it."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator

from agent.core.record import MOST
from agent.files import read_small, write_whole

from .core import Register

_LONGEST = 64 << 10


class Unreadable(Exception):
    """It must not be guessed who is cut off."""


class RegisterFile:
    """`folder`: made if it is missing, for root alone."""

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, 0o700, exist_ok=True)
        self._path = os.path.join(folder, "register.json")
        self._lock = os.path.join(folder, "lock")

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """The service, and `apply` beside it: one at a time."""
        fd = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def read(self) -> Register:
        """Raises Unreadable."""
        try:
            told = json.loads(read_small(self._path, _LONGEST))
            barred = {str(node): int(epoch) for node, epoch in told["barred"].items()}
            last = int(told["last"])
            if not all(0 < epoch <= last <= MOST for epoch in barred.values()):
                raise ValueError("an epoch that cannot be")
            return Register(barred, last, str(told["lastNode"]))
        except FileNotFoundError:
            return Register({})
        except (OSError, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise Unreadable(f"{self._path} cannot be read: {error}") from error

    def write(self, register: Register) -> None:
        """It lasts when this returns. Raises OSError."""
        told = {"barred": dict(register.barred), "last": register.last, "lastNode": register.last_node}
        write_whole(self._path, json.dumps(told).encode(), synced=True)
