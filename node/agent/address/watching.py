"""A process whose end is noticed at once, by a descriptor of it: nothing is asked again and again."""

import os
import select
import time


class Watched:
    def __init__(self) -> None:
        self._fd = -1

    def watch(self, pid: int) -> None:
        """From now on this one; 0: none. One that is gone already, or a kernel that cannot (before 5.3): none."""
        self.forget()
        if pid > 0:
            try:
                self._fd = os.pidfd_open(pid)
            except OSError:
                self._fd = -1

    def lives(self) -> bool:
        return self._fd >= 0 and not self._ended(0)

    def wait(self, seconds: float) -> None:
        """Until it ends, at most so long. Where there is none, so long."""
        if self._fd < 0:
            time.sleep(seconds)
        elif self._ended(seconds):
            self.forget()

    def forget(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _ended(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
