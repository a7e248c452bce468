"""The service manager: tells it how the agent is, and leaves descriptors with it over a restart. No program is started."""

import array
import os
import socket
from collections.abc import Mapping, Sequence

#: sd_listen_fds(3): the first descriptor that is passed on.
_FIRST = 3


class Manager:
    """`environment`: the process's own. Without a socket in it nobody is told anything."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        self._socket = None
        if path:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
            self._address = "\0" + path[1:] if path.startswith("@") else path

    def tell(self, fds: Sequence[int] = (), **words: object) -> bool:
        """sd_notify(3), such as `READY=1`. False if the manager does not listen just now."""
        if not self._socket:
            return False
        message = "\n".join(f"{name}={value}" for name, value in words.items()).encode()
        try:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            self._socket.sendmsg([message], rights, 0, self._address)
        except OSError:
            return False
        return True

    def keep(self, name: str, fd: int) -> None:
        """Keeps a descriptor open while the agent is restarted (FDSTORE)."""
        self.tell([fd], FDSTORE=1, FDNAME=name)

    def forget(self, name: str) -> None:
        self.tell(FDSTOREREMOVE=1, FDNAME=name)


def kept(environment: Mapping[str, str] = os.environ) -> dict[str, int]:
    """The descriptors that were left there, by name."""
    if environment.get("LISTEN_PID") != str(os.getpid()):
        return {}
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    count = int(environment.get("LISTEN_FDS", "0"))
    found = {}
    for number, name in zip(range(_FIRST, _FIRST + count), names):
        os.set_inheritable(number, False)
        found[name] = number
    return found
