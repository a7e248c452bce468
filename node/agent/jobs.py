"""What may hang runs beside the agent, with a time limit: as processes of the fork server's, and Docker's calls as threads."""

import queue
import threading
from typing import Callable, Optional

from .clock import awake_ms
from .core.observation import JobKind, JobStatus, JobView
from .fork_client import ForkClient

#: Characters of a message.
LONGEST_WORDS = 300
#: So many killed processes may hang in the kernel at once: a server that is away for days must not fill the node with them.
MOST_HUNG = 16

#: Says in words what went well; raises an exception with words for what did not.
Call = Callable[[], str]


class _Job:
    def __init__(self, number: int, limit: int) -> None:
        self.number = number
        self.until = awake_ms() + limit
        self.process = 0  # the fork server's number of it; 0: a thread
        self.status = JobStatus.RUNNING
        self.words = ""

    def view(self) -> JobView:
        return JobView(self.number, self.status, self.words)


class Jobs:
    """At most one of each kind; its outcome stays until the next one of the kind is started. `wake` may be called from any
    thread when a job has ended."""

    def __init__(self, wake: Callable[[], None], processes: ForkClient) -> None:
        self._wake = wake
        self._processes = processes
        self._jobs: dict[JobKind, _Job] = {}
        self._views: Optional[dict[JobKind, JobView]] = {}
        # Of threads.
        self._results: queue.SimpleQueue[tuple[_Job, JobStatus, str]] = queue.SimpleQueue()

    def fileno(self) -> int:
        """Readable when a process has ended; -1 while there is no fork server."""
        return self._processes.fileno()

    def prepare(self) -> None:
        """What takes time before the first one can be started. What does not come about is told by that one."""
        self._processes.begin()

    def process(self, kind: JobKind, number: int, limit: int, arguments: "list[str]") -> None:
        job = self._begin(kind, number, limit)
        if self._processes.hung >= MOST_HUNG:
            self._end(job, JobStatus.FAILED, f"{MOST_HUNG} processes hang already: none is started until one of them is gone")
        else:
            job.process = self._processes.run(kind.value, arguments)

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

    def finish(self, kind: JobKind) -> None:
        """What it was to bring about is so, by other evidence."""
        job = self._jobs.get(kind)
        if job and job.status is JobStatus.RUNNING and not job.process:
            self._end(job, JobStatus.OK, "")

    def cancel(self, kind: JobKind) -> None:
        """Ends it; nobody waits for its outcome."""
        job = self._jobs.pop(kind, None)
        self._views = None
        if job and job.status is JobStatus.RUNNING:
            self._kill(job, "cancelled")

    def _kill(self, job: _Job, words: str) -> None:
        if job.process:
            self._processes.kill(job.process)
        self._end(job, JobStatus.FAILED, words)

    def collect(self) -> None:
        """Looks at what has ended, and ends what took too long."""
        while not self._results.empty():
            job, status, words = self._results.get()
            if job.status is JobStatus.RUNNING:
                self._end(job, status, words)
        ended = {each.number: each for each in self._processes.ended()}
        for job in self._jobs.values():
            if job.status is not JobStatus.RUNNING:
                continue
            end = ended.get(job.process)
            if end:
                status = JobStatus.OK if end.code == 0 else JobStatus.FAILED
                self._end(job, status, end.words or f"exit code {end.code}")
            elif awake_ms() > job.until:
                self._kill(job, self._processes.words(job.process) or "took too long")

    def views(self) -> "dict[JobKind, JobView]":
        if self._views is None:
            self._views = {kind: job.view() for kind, job in self._jobs.items()}
        return self._views

    def due(self) -> Optional[int]:
        """When the next limit is over, `mono`."""
        times = [job.until for job in self._jobs.values() if job.status is JobStatus.RUNNING]
        return min(times, default=None)
