"""Jobs: processes of a fork server's, and threads."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from agent import fork_client
from agent.core.observation import JobKind, JobStatus
from agent.fork_client import ForkClient
from agent.jobs import MOST_HUNG, Jobs
from support.fork_server import SERVER
from support.lease_node import wait


@pytest.fixture
def server() -> Iterator[ForkClient]:
    client = ForkClient(SERVER)
    yield client
    client._process.close()


@pytest.fixture
def jobs(server: ForkClient) -> Jobs:
    return Jobs(lambda: None, server)


def _ended(jobs: Jobs, kind: JobKind) -> "tuple[JobStatus, str]":
    end = time.monotonic() + 10
    while time.monotonic() < end:
        jobs.collect()
        view = jobs.views()[kind]
        if view.status is not JobStatus.RUNNING:
            return view.status, view.words
        time.sleep(0.01)
    raise AssertionError("it did not end")


def _pid(server: ForkClient) -> int:
    child = server._process._child
    assert child
    return child.pid


def _hung(jobs: Jobs, server: ForkClient) -> int:
    jobs.collect()
    return server.hung


def _runs(command: str) -> bool:
    return subprocess.run(["pgrep", "-f", f"^{command}$"], stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_a_job_tells_its_last_line(jobs: Jobs) -> None:
    jobs.process(JobKind.FENCE, 1, 5_000, ["sh", "-c", "echo first; echo last words; exit 3"])
    assert _ended(jobs, JobKind.FENCE) == (JobStatus.FAILED, "last words")
    jobs.process(JobKind.FENCE, 2, 5_000, ["true"])
    assert _ended(jobs, JobKind.FENCE)[0] is JobStatus.OK
    jobs.process(JobKind.FENCE, 3, 5_000, ["/none"])
    status, words = _ended(jobs, JobKind.FENCE)
    assert status is JobStatus.FAILED and "No such file" in words
    jobs.process(JobKind.FENCE, 4, 5_000, ["sh", "-c", "exit 7"])
    assert _ended(jobs, JobKind.FENCE) == (JobStatus.FAILED, "exit code 7")


def test_jobs_run_side_by_side_in_processes_of_their_own(jobs: Jobs) -> None:
    began = time.monotonic()
    for kind in (JobKind.WORK, JobKind.FENCE, JobKind.SETTLE):
        jobs.process(kind, 1, 20_000, ["sh", "-c", "sleep 2; ps -o pid=,pgid=,sid= -p $$"])
    told = [_ended(jobs, kind)[1].split() for kind in (JobKind.WORK, JobKind.FENCE, JobKind.SETTLE)]
    assert time.monotonic() - began < 5.9, "not one after the other"
    assert all(len(set(ids)) == 1 for ids in told) and len({ids[0] for ids in told}) == 3


def test_a_job_has_nothing_of_the_servers_and_no_real_time_priority(jobs: Jobs) -> None:
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    try:
        jobs.prepare()
        jobs.process(JobKind.WORK, 1, 5_000, ["sh", "-c", "cut -d' ' -f41 /proc/$$/stat; cat /proc/$$/oom_score_adj"])
        jobs.process(JobKind.FENCE, 1, 60_000, ["sleep", "60"])
        jobs.process(JobKind.SETTLE, 1, 5_000, ["open"])
        assert _ended(jobs, JobKind.WORK) == (JobStatus.OK, "0")
        # The last one is the folder that is listed.
        assert _ended(jobs, JobKind.SETTLE) == (JobStatus.OK, "0 1 2 3")
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def test_a_job_that_takes_too_long_is_killed_with_its_children(jobs: Jobs, server: ForkClient) -> None:
    jobs.process(JobKind.WORK, 1, 1_000, ["sh", "-c", "sleep 61.25 & wait"])
    wait(lambda: _runs("sleep 61.25"), 5)
    assert _ended(jobs, JobKind.WORK) == (JobStatus.FAILED, "took too long")
    wait(lambda: not _runs("sleep 61.25"), 5)
    jobs.process(JobKind.WORK, 2, 1_000, ["sh", "-c", "echo so far; sleep 61.25"])
    assert _ended(jobs, JobKind.WORK) == (JobStatus.FAILED, "so far")
    wait(lambda: _hung(jobs, server) == 0, 5)


def test_a_job_that_is_cancelled_at_once_leaves_nothing(jobs: Jobs, server: ForkClient) -> None:
    for number in range(20):
        jobs.process(JobKind.WORK, number, 60_000, ["sleep", "61.5"])
        jobs.cancel(JobKind.WORK)
        assert JobKind.WORK not in jobs.views()
    wait(lambda: _hung(jobs, server) == 0, 5)
    assert not _runs("sleep 61.5")


def test_processes_that_hang_in_the_kernel_do_not_become_more_and_more(jobs: Jobs, server: ForkClient) -> None:
    jobs.prepare()
    server._hung = set(range(1_000, 1_000 + MOST_HUNG))
    jobs.process(JobKind.MOUNT_LEASE, 1, 5_000, ["true"])
    status, words = _ended(jobs, JobKind.MOUNT_LEASE)
    assert status is JobStatus.FAILED and "16 processes hang" in words
    server._take({"ended": 1_000, "code": -9})
    jobs.process(JobKind.MOUNT_LEASE, 2, 5_000, ["true"])
    assert _ended(jobs, JobKind.MOUNT_LEASE)[0] is JobStatus.OK


def test_a_job_that_says_more_than_anybody_reads_still_ends(jobs: Jobs) -> None:
    jobs.process(JobKind.WORK, 1, 10_000, ["sh", "-c", "yes | head -c 3000000; echo the end"])
    assert _ended(jobs, JobKind.WORK) == (JobStatus.OK, "the end")


def test_what_a_job_leaves_behind_holds_nothing_up(jobs: Jobs) -> None:
    jobs.process(JobKind.WORK, 1, 10_000, ["sh", "-c", "setsid sleep 3.125 & echo done"])
    assert _ended(jobs, JobKind.WORK) == (JobStatus.OK, "done")
    assert _runs("sleep 3.125")


def test_a_server_that_is_killed_takes_its_jobs_along_and_there_is_another_one(jobs: Jobs, server: ForkClient) -> None:
    jobs.process(JobKind.WORK, 1, 60_000, ["sleep", "61.75"])
    wait(lambda: _runs("sleep 61.75"), 5)
    os.kill(_pid(server), signal.SIGKILL)
    assert _ended(jobs, JobKind.WORK) == (JobStatus.FAILED, "the process that starts the jobs has ended")
    wait(lambda: not _runs("sleep 61.75"), 5)
    # Nobody has noticed that this one is gone when another job is to run.
    jobs.process(JobKind.FENCE, 1, 60_000, ["sleep", "61.75"])
    pid = _pid(server)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    jobs.process(JobKind.WORK, 2, 10_000, ["echo", "well"])
    assert _ended(jobs, JobKind.WORK) == (JobStatus.OK, "well")
    assert _ended(jobs, JobKind.FENCE) == (JobStatus.FAILED, "the process that starts the jobs has ended")


def test_a_server_that_does_not_kill_is_killed(jobs: Jobs, server: ForkClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_client, "PATIENCE", 500)
    jobs.process(JobKind.WORK, 1, 1_000, ["sleep", "62.25"])
    wait(lambda: _runs("sleep 62.25"), 5)
    stopped = _pid(server)
    os.kill(stopped, signal.SIGSTOP)
    assert _ended(jobs, JobKind.WORK) == (JobStatus.FAILED, "took too long")
    wait(lambda: _hung(jobs, server) == 0 and not _runs("sleep 62.25"), 5)
    jobs.process(JobKind.WORK, 2, 10_000, ["echo", "well"])
    assert _ended(jobs, JobKind.WORK) == (JobStatus.OK, "well")
    assert _pid(server) != stopped


def test_a_server_that_cannot_be_started_is_said() -> None:
    jobs = Jobs(lambda: None, ForkClient(["/none"]))
    jobs.prepare()
    jobs.process(JobKind.WORK, 1, 10_000, ["true"])
    status, words = _ended(jobs, JobKind.WORK)
    assert status is JobStatus.FAILED and "No such file" in words


def test_a_call_that_does_not_come_back_is_a_failure(jobs: Jobs) -> None:
    def late() -> str:
        time.sleep(2)
        return "late"

    jobs.call(JobKind.CHECK_CONTAINER, 1, 200, late)
    assert _ended(jobs, JobKind.CHECK_CONTAINER) == (JobStatus.FAILED, "took too long")
    jobs.call(JobKind.CHECK_CONTAINER, 2, 2_000, lambda: "")
    assert _ended(jobs, JobKind.CHECK_CONTAINER) == (JobStatus.OK, "")
