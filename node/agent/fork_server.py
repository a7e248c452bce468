"""Forks a process for each job, with everything loaded already: a job begins at once, also while the disk hangs that the programs
lie on. Reads orders from standard input and writes answers to standard output, one JSON object a line:

    {"run": 7, "kind": "mount-data", "arguments": ["3"]}      {"said": 7, "words": "its last line so far"}
                                                              {"ended": 7, "code": 0}
    {"kill": 7}    with all that it has started               {"killed": 7}    it ends when the kernel lets it go
"""

import contextlib
import json
import os
import select
import signal
import sys
import traceback
from typing import Callable

from .harden import be_ordinary

#: Bytes of a job's output that are kept for a message.
_OUTPUT = 64 << 10
#: Bytes of orders that are read at once.
_ORDERS = 64 << 10

#: Does a job of a kind, with its arguments, in a process of its own. The exit code.
Work = Callable[[str, "list[str]"], int]


class _Job:
    def __init__(self, pid: int, output: int) -> None:
        self.pid = pid
        self.output = output
        self.said = b""
        self.told = ""

    def last_line(self) -> str:
        lines = self.said.decode("utf-8", "replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


class ForkServer:
    def __init__(self, work: Work, answers: int) -> None:
        self._work = work
        self._answers = answers
        self._jobs: dict[int, _Job] = {}
        self._buffer = b""
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def run(self) -> None:
        """Until there are no more orders, which is so when the agent has ended; all jobs end then, too."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        while True:
            poll = select.poll()
            for fd in (0, self._reader, *(job.output for job in self._jobs.values() if job.output >= 0)):
                poll.register(fd, select.POLLIN)
            ready = {fd for fd, _ in poll.poll()}
            if self._reader in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._reader, 4096)
            for number, job in list(self._jobs.items()):
                pid, status = os.waitpid(job.pid, os.WNOHANG)
                # What it has said last is there by then.
                self._listen(number, job)
                if pid:
                    self._forget(number, job, os.waitstatus_to_exitcode(status))
            if 0 in ready and not self._take_orders():
                return

    def _take_orders(self) -> bool:
        part = os.read(0, _ORDERS)
        *lines, self._buffer = (self._buffer + part).split(b"\n")
        for order in map(json.loads, lines):
            if "run" in order:
                self._begin(order["run"], order["kind"], order["arguments"])
            else:
                self._kill(order["kill"])
        return bool(part)

    def _begin(self, number: int, kind: str, arguments: "list[str]") -> None:
        server = os.getpid()
        reader, writer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(reader, False)
        try:
            pid = os.fork()
        except OSError as error:
            os.close(reader)
            self._tell(said=number, words=f"no process can be started: {error.strerror}")
            self._tell(ended=number, code=1)
            return
        finally:
            if os.getpid() == server:
                os.close(writer)
        if pid == 0:
            self._do(server, writer, kind, arguments)
        self._jobs[number] = _Job(pid, reader)

    def _do(self, server: int, output: int, kind: str, arguments: "list[str]") -> None:
        """In the child, which has nothing of the server's open."""
        code = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            nothing = os.open(os.devnull, os.O_RDONLY)
            for fd, place in ((nothing, 0), (output, 1), (output, 2)):
                os.dup2(fd, place)
            for name in os.listdir("/proc/self/fd"):
                if int(name) > 2:
                    with contextlib.suppress(OSError):
                        os.close(int(name))
            be_ordinary(server)
            code = self._work(kind, arguments)
            sys.stdout.flush()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def _listen(self, number: int, job: _Job) -> None:
        """Takes what it says: nobody waits because a pipe is full."""
        before = job.said
        while job.output >= 0:
            try:
                part = os.read(job.output, _OUTPUT)
            except BlockingIOError:
                break
            if not part:
                os.close(job.output)
                job.output = -1
            job.said = (job.said + part)[-_OUTPUT:]
        if job.said == before:
            return
        words = job.last_line()
        if words != job.told:
            job.told = words
            self._tell(said=number, words=words)

    def _forget(self, number: int, job: _Job, code: int) -> None:
        # A process that it has left behind may still have the other end.
        if job.output >= 0:
            os.close(job.output)
        del self._jobs[number]
        self._tell(ended=number, code=code)

    def _kill(self, number: int) -> None:
        job = self._jobs.get(number)
        if job:
            # It may not have a group of its own yet.
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError):
                    kill(job.pid, signal.SIGKILL)
        self._tell(killed=number)

    def _tell(self, **answer: object) -> None:
        # Without an agent this process ends as soon as it sees that there are no more orders.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._answers, json.dumps(answer).encode() + b"\n")


def serve(work: Work) -> int:
    """The exit code."""
    be_ordinary(os.getppid())
    answers = os.dup(1)
    os.dup2(2, 1)
    ForkServer(work, answers).run()
    return 0
