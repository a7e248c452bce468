"""The helper with a made /proc, a made exportfs and a real lease directory."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from agent.core import fence_mail, presence
from agent.core.fence_mail import Answer, Ask
from agent.core.record import encode, encode_epoch
from core_rig import record
from fencer.configuration import Refused, check
from fencer.helper import Helper
from fencer.nfsd import key_of
from fencer.register import Unreadable

ROOT = Path(__file__).resolve().parents[2]
NODES = {"a": "10.0.0.1", "b": "10.0.0.2"}

#: As exportfs -ra does: what the file says becomes the tables. It notes how it was called.
EXPORTFS = """#!/bin/sh
echo "$1" >> {here}/called
[ ! -e {here}/hangs ] || exec sleep 60
[ ! -e {here}/broken ] || exit 1
[ "$1" = -ra ] || exit 0
sed -n 's/^\\([^# ][^ ]*\\) \\(.*\\)$/\\1\\t\\2/p' {here}/exports > {here}/etab
cat {here}/more >> {here}/etab 2>/dev/null
cp {here}/etab {here}/nfsd/exports
"""


class Server:
    """`b` holds the successor's lock and asks for `a`, the owner of epoch 4."""

    def __init__(self, here: Path) -> None:
        self.here = here
        self.lease = here / "shared/lease"
        for folder in ("shared/lease", "shared/data", "nfsd/clients"):
            (here / folder).mkdir(parents=True)
        program = here / "exportfs"
        program.write_text(EXPORTFS.format(here=here))
        program.chmod(0o755)
        (self.lease / "lease").write_bytes(encode(record("a", epoch=4, sequence=7)))
        (self.lease / "epoch").write_bytes(encode_epoch(4))
        (self.lease / "successor").write_bytes(b"\n" * 512)
        self.client("1", NODES["a"], "lease")
        self.client("2", NODES["b"], "successor")
        self.lock("lease", "successor")
        self.told: list[str] = []
        self.helper = Helper(check(self.configuration()), self.told.append)
        self.helper.apply()

    def configuration(self) -> dict[str, Any]:
        here = self.here
        fsid = {name: f"00000000-0000-8000-8000-00000000000{i}" for i, name in enumerate(("lease", "data"))}
        paths = {"state": "state", "nfsd": "nfsd", "locks": "locks", "etab": "etab", "exportfs": "exportfs"}
        return {
            "directory": str(here / "shared"),
            "nodes": NODES,
            "fsid": fsid,
            "exportsFile": str(here / "exports"),
            "paths": {name: str(here / path) for name, path in paths.items()},
        }

    def key(self, name: str) -> "tuple[int, int, int]":
        major, minor, inode = key_of(os.stat(self.lease / name)).split(":")
        return int(major), int(minor), int(inode)

    def client(self, number: str, address: str, *locked: str) -> None:
        folder = self.here / "nfsd/clients" / number
        folder.mkdir(exist_ok=True)
        (folder / "info").write_text(f'clientid: 0x{number}\naddress: "{address}:777"\nstatus: confirmed\nname: "x"\n')
        keys = [self.key(name) for name in locked]
        (folder / "states").write_text(
            "".join(f'- 0x01: {{ type: lock, superblock: "{a:02x}:{b:02x}:{c}", owner: "x" }}\n' for a, b, c in keys)
        )
        os.mkfifo(folder / "ctl") if not (folder / "ctl").exists() else None

    def lock(self, *names: str) -> None:
        keys = [self.key(name) for name in names]
        (self.here / "locks").write_text(
            "".join(f"{i}: POSIX  ADVISORY  WRITE 99 {a:02x}:{b:02x}:{c} 0 EOF\n" for i, (a, b, c) in enumerate(keys))
        )

    def kernel(self, number: str) -> threading.Thread:
        """Expires that client once it is told so."""

        def expire() -> None:
            folder = self.here / "nfsd/clients" / number
            if (folder / "ctl").read_text() == "expire\n":
                for file in folder.iterdir():
                    file.unlink()
                folder.rmdir()

        thread = threading.Thread(target=expire, daemon=True)
        thread.start()
        return thread

    def ask(self, nonce: str = "n.1", asker: str = "b", **more: Any) -> "Answer | None":
        ask = Ask(nonce, "a", 4, 7)._replace(**more)
        new = self.lease / "new"
        new.write_bytes(fence_mail.encode_ask(ask))
        new.rename(self.lease / f"fence.ask.{asker}")
        self.helper.round()
        try:
            return fence_mail.decode_answer((self.lease / f"fence.answer.{asker}").read_bytes())
        except FileNotFoundError:
            return None

    def exported(self, address: str) -> "list[str]":
        lines = (self.here / "etab").read_text().splitlines()
        return [os.path.basename(line.split("\t")[0]) for line in lines if line.split("\t")[1].startswith(f"{address}(")]


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_a_node_is_cut_off_and_let_in_again_once_it_is_clean(server: Server) -> None:
    assert server.exported(NODES["a"]) == ["lease", "data"]
    kernel = server.kernel("1")
    answer = server.ask()
    kernel.join(5)
    assert answer == Answer("n.1", True, 4, "a is cut off")
    assert server.exported(NODES["a"]) == ["lease"] and server.exported(NODES["b"]) == ["lease", "data"]
    assert not (server.here / "nfsd/clients/1").exists() and (server.here / "nfsd/clients/2").exists()
    assert fence_mail.decode_number((server.lease / "fence.barred.a").read_bytes()) == 4
    server.helper._signed = -1_000
    server.helper.round()
    assert server.exported(NODES["a"]) == ["lease"], "it has not shown anything"
    (server.lease / "node.a").write_bytes(presence.encode(presence.Presence(False, False, 4, 1)))
    server.helper._signed = -1_000
    server.helper.round()
    assert server.exported(NODES["a"]) == ["lease", "data"]
    assert not (server.lease / "fence.barred.a").exists()


def test_a_restart_of_server_and_helper_lets_nobody_in(server: Server) -> None:
    kernel = server.kernel("1")
    server.ask()
    kernel.join(5)
    for file in ("exports", "etab"):
        (server.here / file).write_text("")
    (server.lease / "fence.barred.a").unlink()
    again = Helper(check(server.configuration()), server.told.append)
    again.apply()
    again.round()
    assert server.exported(NODES["a"]) == ["lease"]
    assert (server.lease / "fence.barred.a").exists()


def test_a_helper_that_dies_half_way_has_cut_off_and_not_answered(server: Server) -> None:
    """The register comes first: what ended it, the next one goes on with."""
    (server.here / "etab").unlink()
    (server.here / "broken").touch()
    answer = server.ask()
    assert answer and not answer.done
    (server.here / "broken").unlink()
    kernel = server.kernel("1")
    again = Helper(check(server.configuration()), server.told.append)
    again.apply()
    assert server.exported(NODES["a"]) == ["lease"]
    server.helper = again
    kernel.join(0.1)
    second = server.ask("n.2")
    assert second and second.nonce == "n.2" and second.done


def test_a_client_that_is_not_expired_is_an_answer_that_says_no(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fencer.helper.LIMIT", 0.3)
    answer = server.ask()
    assert answer and not answer.done and "client 1" in answer.words
    assert server.exported(NODES["a"]) == ["lease"], "it stays cut off"


def test_another_export_that_lets_it_in_is_an_answer_that_says_no(server: Server) -> None:
    (server.here / "more").write_text(f"{server.here}\t*(rw)\n")
    kernel = server.kernel("1")
    answer = server.ask()
    kernel.join(5)
    assert answer and not answer.done and answer.words.startswith("* may still mount /")


def test_an_exportfs_that_hangs_or_fails_is_an_answer_that_says_no(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fencer.helper.LIMIT", 0.3)
    server = Server(tmp_path)
    (tmp_path / "hangs").touch()
    answer = server.ask()
    assert answer and not answer.done and "takes too long" in answer.words


def test_a_kernel_without_the_files_is_an_answer_that_says_no(server: Server) -> None:
    subprocess.run(["rm", "-r", str(server.here / "nfsd/clients")], check=True)
    answer = server.ask()
    assert answer and not answer.done and server.exported(NODES["a"]) == ["lease", "data"]


def test_who_has_not_the_lock_is_refused_and_nothing_is_done(server: Server) -> None:
    server.lock("lease")
    answer = server.ask()
    assert answer and not answer.done and "successor" in answer.words
    assert server.exported(NODES["a"]) == ["lease", "data"]


def test_a_register_that_cannot_be_read_lets_nothing_happen(server: Server) -> None:
    (server.here / "state/register.json").write_text('{"barred": {"a": 9}, "last": 4, "lastNode": "a"}')
    with pytest.raises(Unreadable):
        # After the answer: as long as that is so the helper gives no sign of life.
        server.ask()
    answer = fence_mail.decode_answer((server.lease / "fence.answer.b").read_bytes())
    assert answer and not answer.done and server.exported(NODES["a"]) == ["lease", "data"]
    assert not (server.lease / "fence.alive").exists()


@pytest.mark.parametrize("name", ["fence.ask.b", "fence.answer.b", "lease", "epoch", "successor", "node.a"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "large"])
def test_whatever_a_node_puts_there_nothing_of_the_server_is_touched(server: Server, name: str, kind: str) -> None:
    secret = server.here / "secret"
    secret.write_text("untouched")
    path = server.lease / name
    path.unlink(missing_ok=True)
    if kind == "link":
        path.symlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"x" * (1 << 20))
    for _ in range(2):
        try:
            server.helper._signed = -1_000
            server.helper.round()
        except OSError:
            pass  # the loop says so, and goes on
    assert secret.read_text() == "untouched"
    assert name in ("fence.answer.b",) or server.exported(NODES["a"]) == ["lease", "data"]


def test_a_lease_directory_that_is_a_link_is_refused(server: Server) -> None:
    elsewhere = server.here / "elsewhere"
    server.lease.rename(elsewhere)
    server.lease.symlink_to(elsewhere)
    with pytest.raises(OSError):
        server.helper.round()
    assert not (elsewhere / "fence.alive").exists()


def test_a_node_that_left_the_stack_is_forgotten(server: Server) -> None:
    kernel = server.kernel("1")
    server.ask()
    kernel.join(5)
    told = server.configuration()
    told["nodes"] = {"b": NODES["b"]}
    Helper(check(told), server.told.append).apply()
    assert server.exported(NODES["a"]) == [] and json.loads((server.here / "state/register.json").read_text())["barred"] == {}


@pytest.mark.parametrize(
    "wrong, word",
    [
        ({"nodes": {}}, "nodes"),
        ({"nodes": {"a": "10.0.0.1", "b": "10.0.0.1"}}, "nodes"),
        ({"nodes": {"a": "*"}}, "nodes.a"),
        ({"nodes": {"../a": "10.0.0.1"}}, "nodes"),
        ({"directory": "srv"}, "directory"),
        ({"fsid": {"lease": "x", "data": "y"}}, "fsid.lease"),
        ({"more": 1}, "more"),
    ],
)
def test_a_wrong_configuration_is_refused(server: Server, wrong: "dict[str, Any]", word: str) -> None:
    with pytest.raises(Refused, match=word):
        check({**server.configuration(), **wrong})


def test_its_command_line(server: Server) -> None:
    configuration = server.here / "helper.json"
    configuration.write_text(json.dumps(server.configuration()))
    command = [sys.executable, "-I", "-S", str(ROOT / "node/storage/fencer")]

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, check=False)

    assert run("apply", str(configuration)).returncode == 0
    assert run("look", str(configuration)).stdout == ""
    subprocess.run(["rm", "-r", str(server.here / "nfsd/clients")], check=True)
    assert "clients is missing" in run("look", str(configuration)).stdout
    configuration.write_text("{")
    assert run("run", str(configuration)).returncode == 78
