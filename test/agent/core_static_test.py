"""The core is pure, typed, and of Python 3.9: nothing in it can act."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from agent.core.types import Configuration, mistakes

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "node" / "agent" / "core"
FILES = sorted(CORE.glob("*.py"))

SHORT = [folder for name in ("proof/simulation", "node/storage/fencer") for folder in sorted((ROOT / name).glob("*.py"))]

#: Types, data, and patterns: with none of these a file can be opened, a clock read, or a program started.
HARMLESS = {"__future__", "typing", "collections.abc", "dataclasses", "enum", "math", "functools", "re"}
#: Built-in functions that can do more than compute.
ACTING = {"open", "exec", "eval", "compile", "__import__", "input", "print", "breakpoint", "globals", "setattr"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_the_core_imports_nothing_that_can_act(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert {name.name for name in node.names} <= HARMLESS
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1 or node.module in HARMLESS, f"{path.name} imports {node.module}"
        elif isinstance(node, ast.Name):
            assert node.id not in ACTING, f"{path.name} uses {node.id}"


@pytest.mark.parametrize("path", FILES + SHORT, ids=lambda path: str(path.name))
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{path.name}: {node.name}"


def run(program: str, *options: str) -> None:
    """Of the same environment as this Python."""
    command = [str(Path(sys.executable).with_name(program)), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_core_and_simulation_are_typed() -> None:
    run(
        "mypy",
        "--config-file",
        "test/agent/pyproject.toml",
        "--explicit-package-bases",
        "--cache-dir=.mypy_cache/core",
        "node/agent/core",
        "proof/simulation",
    )


def test_core_and_simulation_are_clean() -> None:
    run("ruff", "check", "--config", "test/agent/pyproject.toml", "node/agent/core", "proof/simulation")
    run("ruff", "format", "--check", "--config", "test/agent/pyproject.toml", "node/agent/core", "proof/simulation")


def test_the_core_runs_with_python_3_9() -> None:
    run("vermin", "--quiet", "--no-tips", "-t=3.9-", "node/agent/core")


GOOD = Configuration("a", "v1", "boot", "rancher-1", ("b", "c"))


@pytest.mark.parametrize(
    "change, setting",
    [
        ({"node": "a b"}, "`node`"),
        ({"peers": ("a",)}, "`peers`"),
        ({"peers": ("b", "b")}, "`peers`"),
        ({"version": ""}, "`version`"),
        ({"give_up": 2_999}, "`give_up`"),
        ({"watchdog": 7_999}, "`watchdog`"),
        ({"lease_time": 10_000}, "`lease_time`"),
        ({"grace_time": 14_999}, "`grace_time`"),
        ({"follow_lease": 1_000}, "`follow_lease`"),
        ({"heartbeat": 0}, "`heartbeat`"),
        ({"failures": 0}, "`failures`"),
    ],
)
def test_settings_that_break_a_rule_are_named(change: dict[str, object], setting: str) -> None:
    found = mistakes(GOOD._replace(**change))  # type: ignore[arg-type]
    assert any(setting in words for words in found), found


def test_the_defaults_keep_all_rules() -> None:
    assert mistakes(GOOD) == ()
