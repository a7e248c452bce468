"""What a job's process is told, and what it makes of that."""

import json
from pathlib import Path

import pytest
from agent import job as jobs
from agent.configuration import check, load
from agent.core import actions as act
from agent.core.observation import JobKind
from agent.hands import _PROCESSES
from agent.run_files import RunFiles


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node in a folder, on whose data a container has run."""
    monkeypatch.setattr(jobs, "mount_data", lambda *_: "")
    for name in ("run", "lease", "data/db", "data/.snap"):
        (tmp_path / name).mkdir(parents=True)
    told = {
        "node": "a",
        "vip": "192.0.2.10",
        "data": {"directory": str(tmp_path / "data"), "unit": "data.mount", "sentinel": "s", "datastore": "db"},
        "lease": {"directory": str(tmp_path / "lease"), "unit": "lease.mount", "identity": "a"},
        "service": {"container": "v2", "health": [{"tcp": "127.0.0.1:1"}]},
    }
    Path(RunFiles(str(tmp_path / "run")).running).write_text(json.dumps(told))
    (tmp_path / "data/db/file").write_text("good")
    (tmp_path / "data/.snap/container").write_text("v1\n")
    (tmp_path / "lease/epoch").write_text("8\n")
    return tmp_path


def _do(run: Path, action: act.Action) -> int:
    """As the fork server does it."""
    kind, arguments = _PROCESSES[type(action)]
    files = RunFiles(str(run / "run"))
    return jobs.run_job(check(load(files.running), "v1", files.running), files, kind.value, arguments(action))


def test_what_nobody_watched_to_its_end_is_noted_as_served_when_the_data_is_mounted(run: Path) -> None:
    assert _do(run, act.MountData(1, 1_000, 8, unwatched=False)) == 0
    assert not (run / "data/.snap/served").exists()
    assert _do(run, act.MountData(2, 1_000, 8, unwatched=True)) == 0
    assert (run / "data/.snap/served").read_text() == "v1 8\n"


@pytest.mark.parametrize("action", [act.MountData(1, 1_000, 7, True), act.NoteServed(1, 1_000, "v1", 7)])
def test_a_node_that_stood_still_notes_nothing_any_more(run: Path, capfd: pytest.CaptureFixture[str], action: act.Action) -> None:
    assert _do(run, action) == 1
    assert "another node has the lease" in capfd.readouterr().out
    assert not (run / "data/.snap/served").exists()


def test_a_copy_has_its_time_only_if_nothing_depends_on_it(
    run: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever copies is slow: a heartbeat is late all the time, and there is a piece of data to write.
    monkeypatch.setattr("agent.copying.PIECE", 1)
    monkeypatch.setattr("agent.copying._reflink", lambda *_: False)
    late = iter([True] * 8 + [False] * 100)
    monkeypatch.setattr(jobs, "_late_heartbeat", lambda *_: lambda: next(late))
    assert _do(run, act.CopyDatastore(1, 60_000, 8, 100)) == 0, "v2 never ran on this data: without a copy there is no way back"
    assert (run / "data/.snap/8/file").read_text() == "good" and (run / "data/.snap/container").read_text() == "v2\n"
    late = iter([True] * 1_000)
    capfd.readouterr()
    assert _do(run, act.CopyDatastore(2, 60_000, 9, 100)) == 1
    assert capfd.readouterr().out.strip() == "it took longer than 0.1 s"


def test_all_processes_are_jobs() -> None:
    """One that is missing here, or there, is found when it is needed most."""
    by_threads = {JobKind.CHECK_CONTAINER, JobKind.START_CONTAINER, JobKind.STOP_CONTAINER}
    assert {kind for kind, _ in _PROCESSES.values()} == set(jobs._JOBS) == set(JobKind) - by_threads
