"""What may hang runs beside the agent, with a time limit: programs as children, Docker's calls as threads."""

import os
import queue
import signal
import subprocess
import threading
from typing import Callable, Optional

from .clock import awake_ms
from .core.observation import JobKind, JobStatus, JobView

#: Bytes of a job's output that are kept for a message.
_OUTPUT = 64 << 10
#: Characters of a message.
LONGEST_WORDS = 300
#: So many killed programs may hang in the kernel at once: a server that is away for days must not fill the node with them.
MOST_HUNG = 16

#: Says in words what went well; raises an exception with words for what did not.
Call = Callable[[], str]


class _Job:
    def __init__(self, number: int, limit: int) -> None:
        self.number = number
        self.until = awake_ms() + limit
        self.child: Optional[subprocess.Popen[bytes]] = None
        self.output = -1
        self.status = JobStatus.RUNNING
        self.words = ""

    def view(self) -> JobView:
        return JobView(self.number, self.status, self.words)


class Jobs:
    """At most one of each kind; its outcome stays until the next one of the kind is started. `wake` may be called from any
    thread when a job has ended."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._jobs: dict[JobKind, _Job] = {}
        self._views: Optional[dict[JobKind, JobView]] = {}
        # Of threads.
        self._results: queue.SimpleQueue[tuple[_Job, JobStatus, str]] = queue.SimpleQueue()
        # Killed, and not gone yet: what hangs in the kernel goes when it can.
        self._killed: list[subprocess.Popen[bytes]] = []

    def program(self, kind: JobKind, number: int, limit: int, command: "list[str]") -> None:
        job = self._begin(kind, number, limit)
        if len(self._killed) >= MOST_HUNG:
            self._end(job, JobStatus.FAILED, f"{MOST_HUNG} programs hang already: none is started until one of them is gone")
            return
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(writer, True)
        try:
            job.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, start_new_session=True)
            job.output = reader
        except OSError as error:
            os.close(reader)
            self._end(job, JobStatus.FAILED, f"{command[0]}: {error.strerror}")
        finally:
            os.close(writer)

    def call(self, kind: JobKind, number: int, limit: int, call: Call) -> None:
        """`call` must end by itself soon after `limit`."""
        job = self._begin(kind, number, limit)

        def run() -> None:
            try:
                words, status = call(), JobStatus.OK
            except Exception as error:
                words, status = str(error), JobStatus.FAILED
            self._results.put((job, status, words))
            self._wake()

        threading.Thread(target=run, name=kind.value, daemon=True).start()

    def _begin(self, kind: JobKind, number: int, limit: int) -> _Job:
        self.cancel(kind)
        job = self._jobs[kind] = _Job(number, limit)
        self._views = None
        return job

    def _end(self, job: _Job, status: JobStatus, words: str) -> None:
        job.words = words[-LONGEST_WORDS:]
        job.status = status
        self._views = None
        if job.output >= 0:
            os.close(job.output)
            job.output = -1

    def finish(self, kind: JobKind) -> None:
        """What it was to bring about is so, by other evidence."""
        job = self._jobs.get(kind)
        if job and job.status is JobStatus.RUNNING and not job.child:
            self._end(job, JobStatus.OK, "")

    def cancel(self, kind: JobKind) -> None:
        """Ends it; nobody waits for its outcome."""
        job = self._jobs.pop(kind, None)
        self._views = None
        if job and job.status is JobStatus.RUNNING:
            self._kill(job, "cancelled")

    def _kill(self, job: _Job, words: str) -> None:
        if job.child:
            try:
                os.killpg(job.child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._killed.append(job.child)
        self._end(job, JobStatus.FAILED, words)

    def collect(self) -> None:
        """Looks at what has ended, and ends what took too long."""
        while not self._results.empty():
            job, status, words = self._results.get()
            if job.status is JobStatus.RUNNING:
                self._end(job, status, words)
        self._killed = [child for child in self._killed if child.poll() is None]
        for job in self._jobs.values():
            if job.status is not JobStatus.RUNNING:
                continue
            if job.child and job.child.poll() is not None:
                words = _last_line(job.output)
                status = JobStatus.OK if job.child.returncode == 0 else JobStatus.FAILED
                self._end(job, status, words or f"exit code {job.child.returncode}")
            elif awake_ms() > job.until:
                self._kill(job, (_last_line(job.output) if job.child else "") or "took too long")

    def views(self) -> "dict[JobKind, JobView]":
        if self._views is None:
            self._views = {kind: job.view() for kind, job in self._jobs.items()}
        return self._views

    def due(self) -> Optional[int]:
        """When the next limit is over, `mono`."""
        times = [job.until for job in self._jobs.values() if job.status is JobStatus.RUNNING]
        return min(times, default=None)


def _last_line(fd: int) -> str:
    """What was said last; the pipe is never waited for."""
    try:
        lines = os.read(fd, _OUTPUT).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
