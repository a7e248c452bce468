"""Backup and restore of a service while it runs, by commands in its container, with a real agent."""

import gzip
import os
import re
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_backup_test import IMAGE, _back_up, _backups, _ended, _restore, _start
from support.units import wait_for
from support.world import RealNode, World

#: More than one frame of Docker's, and than a pipe holds.
LONG = "a line of the database\n" * 20_000


def _commands(node: RealNode, command: str, restore: str = "") -> None:
    """Shell words, run in the folder of the datastore; empty: no such command."""

    def words(script: str) -> "list[str]":
        return ["sh", "-c", f"cd {node.data}/db && {script}"] if script else []

    node.told["backup"] = {"command": words(command), "restore": words(restore)}
    node.write_configuration()


def _processes(world: World) -> "set[int]":
    return {process for _, process, _ in world.writes()}


@pytest.fixture
def one() -> Iterator[World]:
    """One node that serves, with a table of many lines in its database."""
    world = World(("node-a",))
    try:
        Path(world.share, "data/db/table").write_text(LONG)
        # Refuses what is no dump.
        _commands(world.nodes[0], "cat table", "cat >new && grep -q line new && mv new table")
        world.nodes[0].start()
        world.wait_active()
        yield world
        print(world.logs())
    finally:
        world.end()


def _table(world: World) -> Path:
    return Path(world.share, "data/db/table")


def test_a_service_is_dumped_and_takes_a_dump_in_while_it_goes_on(one: World) -> None:
    node, processes = one.wait_active(), _processes(one)
    file = _back_up(node)
    assert file.stat().st_mode & 0o777 == 0o600 and os.listdir(_backups(node)) == [file.name]
    with tarfile.open(file) as outer:
        assert outer.getnames() == ["manifest", "dump.gz"]
        manifest, packed = (outer.extractfile(name) for name in ("manifest", "dump.gz"))
        assert manifest and packed
        assert re.match(rf"format=2\nimage={IMAGE}\n(.*\n)+bytes={len(LONG)}\ncheck=", manifest.read().decode())
        assert gzip.decompress(packed.read()) == LONG.encode()
    node.inside("sh", "-c", f"echo later >{node.data}/db/table")
    # A dump is of no version: that is what one makes it for.
    (node.folder / "image").write_text("rancher/rancher:v2.13.0\n")
    code, out, err = _restore(node, file)
    assert code == 0 and "the service went on" in out, err
    assert _table(one).read_text() == LONG
    assert node.state() == "active" and _processes(one) == processes, "it never stopped"


def test_a_dump_that_fails_hangs_or_is_nothing_leaves_no_backup(one: World) -> None:
    node = one.wait_active()
    for command, words in (
        ("echo half && echo 'no such database' >&2 && exit 3", "sh ended with 3: no such database"),
        ("true", "sh wrote nothing"),
        ("kill -9 $$", "sh ended with"),
    ):
        _commands(node, command)
        code, out, err = _ended(_start(node, "backup", str(_backups(node)), "7"))
        assert (code, out) == (1, "") and "the service cannot be dumped" in err and words in err
        assert os.listdir(_backups(node)) == []
    # Of no other process on this machine.
    hangs = f"sleep 100.{os.getpid()}"
    _commands(node, hangs)
    node.told["timers"]["workLimit"] = 1000
    node.write_configuration()
    code, _, err = _ended(_start(node, "backup", str(_backups(node)), "7"))
    assert code == 1 and "sh did not end within 1 s" in err
    wait_for(lambda: hangs not in node.inside("ps", "ax"), 5, "what hangs is killed")
    assert node.state() == "active" and os.listdir(_backups(node)) == []


def test_a_dump_that_the_service_does_not_take_in_leaves_what_it_had(one: World) -> None:
    node = one.wait_active()
    _commands(node, "echo no such thing", "cat >new && grep -q line new && mv new table")
    file = _back_up(node)
    _commands(node, "cat table", "cat >new && cp new table && grep -q line new || { echo what is that >&2; exit 4; }")
    code, _, err = _restore(node, file)
    assert code == 1 and "did not take the dump in (sh ended with 4: what is that): what it had before was given to it again" in err
    assert _table(one).read_text() == LONG and node.state() == "active"
    # Not even that, by now: it is kept.
    _commands(node, "cat table", "cat >/dev/null; exit 5")
    code, _, err = _restore(node, file)
    kept = re.search(r"that is in (\S+) on this node", err)
    assert code == 1 and kept and gzip.decompress(Path(kept[1]).read_bytes()) == LONG.encode()


def test_a_dump_is_refused_where_nothing_takes_it_in_and_says_the_way_out(one: World) -> None:
    node = one.wait_active()
    file = _back_up(node)
    _commands(node, "cat table")
    code, _, err = _restore(node, file)
    assert code == 1 and "set `container.backup.restore`" in err and "dump.gz | gzip -d" in err
    _commands(node, "cat table", "cat >table")
    (node.folder / "image").write_text("library/postgres:15\n")
    assert f"a dump of {IMAGE}, and the stack runs library/postgres" in _restore(node, file)[2]
    (node.folder / "image").write_text(f"{IMAGE}\n")
    whole = file.read_bytes()
    place = whole.index(b"dump.gz") + 600
    broken = file.with_name("broken.tar")
    broken.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    assert "was changed, or is broken" in _restore(node, broken)[2]
    assert node.command("hand-over", "5", "a test").returncode == 0
    code, _, err = _restore(node, file)
    assert code == 1 and "which the running service takes in, and the agent of this node is standby" in err
    assert _table(one).read_text() == LONG


def test_a_restore_that_is_ended_has_the_command_ended_first(one: World) -> None:
    """What reads would else take the half for the whole."""
    node = one.wait_active()
    _commands(node, "cat table", f"cat >part; touch {node.folder}/taken")
    dumped = node.folder / "dump.gz"
    assert node.command("dump", str(dumped)).stdout.strip() == str(len(LONG)).encode()
    _commands(node, "cat table", f"head -c 10 >part; sleep 2; cat >>part && touch {node.folder}/taken")
    # More than is on its way at once.
    dumped.write_bytes(gzip.compress(LONG.encode() * 20))
    child = _start_load(node, dumped)
    wait_for(lambda: Path(_table(one).parent, "part").exists(), 10, "the command reads")
    child.send_signal(signal.SIGTERM)
    code, _, err = _ended(child)
    assert code == 1 and "ended by signal 15" in err
    time.sleep(3)
    assert not (node.folder / "taken").exists()


def _start_load(node: RealNode, file: Path) -> "subprocess.Popen[bytes]":
    options = ["--run", str(node.run), "--configuration", str(node.configuration), str(file)]
    return subprocess.Popen(node.enter("launch.py", "load", *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
