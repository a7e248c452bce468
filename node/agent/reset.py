"""Resets the node at once: nothing is written back, nothing is stopped first, no program is started."""

import ctypes
import os
from typing import Callable, Optional

TRIGGER = "/proc/sysrq-trigger"
#: reboot(2)
_RB_AUTOBOOT = 0x01234567


def reboot_now() -> None:
    """Where the kernel has no sysrq."""
    ctypes.CDLL(None).reboot(_RB_AUTOBOOT)


class Reset:
    """Opened beforehand. `otherwise`: what is done if that does not reset the node."""

    def __init__(self, trigger: str = TRIGGER, otherwise: Optional[Callable[[], None]] = None) -> None:
        self._otherwise = otherwise if otherwise is not None or trigger != TRIGGER else reboot_now
        try:
            self._fd = os.open(trigger, os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            self._fd = -1

    def now(self) -> None:
        try:
            os.write(self._fd, b"b")
        except OSError:
            pass
        if self._otherwise:
            self._otherwise()
