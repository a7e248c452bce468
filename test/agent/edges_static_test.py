"""The edges are typed, clean, short, and of Python 3.9; the units are understood by systemd."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from agent import job
from agent.core import actions
from agent.core.observation import JobKind
from agent.hands import Hands

ROOT = Path(__file__).resolve().parents[2]
AGENT = ROOT / "node" / "agent"
FILES = [path for path in sorted(AGENT.rglob("*.py")) if AGENT / "core" not in path.parents]


def run(program: str, *options: str) -> None:
    """Of the same environment as this Python."""
    command = [str(Path(sys.executable).with_name(program)), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_agent_is_typed() -> None:
    run("mypy", "--strict", "--config-file", "test/agent/pyproject.toml", "-p", "agent", "-p", "fencer")


def test_the_edges_and_their_tests_are_clean() -> None:
    for options in (["check"], ["format", "--check"]):
        run("ruff", *options, "--config", "test/agent/pyproject.toml", "node/agent", "node/storage", "test/agent")


def test_the_agent_runs_with_python_3_9() -> None:
    run("vermin", "--quiet", "--no-tips", "-t=3.9-", "node/agent", "node/storage/fencer")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(AGENT)))
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{path.name}: {node.name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(AGENT)))
def test_nothing_but_the_standard_library_is_used(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in {*sys.stdlib_module_names, "agent"}, f"{path.name} imports {name}"


@pytest.mark.parametrize("unit", ["ha-rancher-agent.service", "ha-rancher-lease.service", "ha-rancher-observer.service"])
def test_systemd_understands_the_units(unit: str) -> None:
    path = AGENT.parent / "units" / unit
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    assert unit not in done.stderr, done.stderr


def test_every_action_of_the_core_is_carried_out() -> None:
    """Hands only looks its own methods up here: no node is needed."""
    hands = Hands.__new__(Hands)
    assert set(hands._table()) == set(get_args(actions.Action))


def test_every_job_of_the_core_can_be_run() -> None:
    calls = {JobKind.CHECK_CONTAINER, JobKind.START_CONTAINER, JobKind.STOP_CONTAINER}
    assert set(job._JOBS) | calls == set(JobKind)
