"""What ends a loop's wait from outside."""

import os
import signal


class Wakeups:
    """Ends the loop's wait: a job has ended, or a signal has come."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.signals: set[int] = set()

    def wake(self) -> None:
        try:
            os.write(self._writer, b"w")
        except BlockingIOError:
            pass  # it is full of others

    def install(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda got, _: self.signals.add(got))
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def drain(self) -> None:
        try:
            while os.read(self.reader, 4096):
                pass
        except BlockingIOError:
            pass
