"""Archives and manifests at random from a seed: refused, or unpacked without touching anything that is not theirs."""

import gzip
import hashlib
import io
import os
import random
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Optional

import pytest
from agent.copies import no_links
from agent.restore import Restore
from parsers_fuzz_test import PIECES, bent
from support.cases import cases

NODE = Path(__file__).resolve().parents[2] / "node"
DATASTORE = "k3s/server/db"
IMAGE = "rancher/rancher:v2.12.3"
TYPES = [tarfile.REGTYPE] * 4 + [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]


def _names(outside: Path) -> "list[str]":
    return [
        *("./k3s", "./k3s/server", "./k3s/server/db", "./k3s/server/db/state", "./data", "./data/deep/er", "./link", "./link/file"),
        *(
            "./.restore",
            "./.restore/state",
            "./.restore/replaced",
            ".//.restore/state",
            "././.restore/incoming/x",
            ".restore/state",
        ),
        *("./.snap", "./.snap/1", ".//.snap/1", "./.ha-rancher-sentinel", "././.ha-rancher-sentinel", ".ha-rancher-sentinel"),
        *("../outside/file", "./../outside/file", "./k3s/../../../outside/file", f"{outside}/file", f"{outside}/new"),
        *("./a\nb", "./\x1b[2J", "./-rf", "./--checkpoint-action=exec=x", "./" + "x" * 200, "./$(touch pwned)"),
    ]


def _member(chance: random.Random, outside: Path) -> "tuple[tarfile.TarInfo, bytes]":
    names = _names(outside)
    member = tarfile.TarInfo(chance.choice(names))
    member.type = chance.choice(TYPES)
    member.mode = chance.choice([0o644, 0o4755, 0o700, 0])
    member.linkname = chance.choice([str(outside), f"{outside}/file", "..", "../../../outside", ".restore", "/", *names])
    content = b"hostile" if member.type == tarfile.REGTYPE else b""
    member.size = len(content)
    return member, content


def _tar(members: "list[tuple[tarfile.TarInfo, bytes]]") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for member, content in members:
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def _good() -> "list[tuple[tarfile.TarInfo, bytes]]":
    members = []
    for name in (".", "./k3s", "./k3s/server", "./k3s/server/db", "./k3s/server/db/state"):
        member, content = tarfile.TarInfo(name), b""
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        if name.endswith("state"):
            member.type, content = tarfile.REGTYPE, b"restored"
            member.size = len(content)
        members.append((member, content))
    return members


def _bent_bytes(chance: random.Random, content: bytes) -> bytes:
    how, at = chance.randrange(3), chance.randrange(len(content))
    if how == 0:
        return content[:at]
    if how == 1:
        return content[:at] + bytes(chance.randrange(256) for _ in range(8)) + content[at + 8 :]
    return content[:at] + content[max(0, at - 600) :]


def _hostile_data(chance: random.Random, outside: Path) -> bytes:
    """A data.tar.gz: a good one with some members more, in any order, and some of its bytes changed."""
    members = _good()
    for _ in range(chance.randrange(5)):
        members.insert(chance.randrange(len(members) + 1), _member(chance, outside))
    if chance.random() < 0.1:
        del members[chance.randrange(len(members))]
    content = _tar(members)
    packed = gzip.compress(_bent_bytes(chance, content) if chance.random() < 0.15 else content, 1, mtime=0)
    return _bent_bytes(chance, packed) if chance.random() < 0.1 else packed


def _tree(folder: Path) -> "list[tuple[str, int, str]]":
    """All that is in a folder: names, modes, and what files say."""
    found = []
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        text = os.readlink(path) if path.is_symlink() else path.read_bytes().hex() if path.is_file() else ""
        found.append((str(path), mode, text))
    return found


def _new_data(data: Path) -> None:
    shutil.rmtree(data, ignore_errors=True)
    (data / DATASTORE).mkdir(parents=True)
    (data / DATASTORE / "state").write_text("before")
    (data / ".ha-rancher-sentinel").write_text("this stack\n")
    (data / ".snap").mkdir()
    (data / ".snap/1").write_text("copy")


def test_an_archive_is_put_in_place_or_refused_and_nothing_else_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sync", lambda: None)
    outside, data, file = tmp_path / "outside", tmp_path / "place" / "data", tmp_path / "data.tar.gz"
    outside.mkdir()
    (outside / "file").write_text("as it was")
    untouched, answers = _tree(outside), [0, 0]
    for seed in cases():
        chance = random.Random(seed)
        _new_data(data)
        before = _tree(data)
        file.write_bytes(_hostile_data(chance, outside))
        restore = Restore(str(data), lambda: None)
        try:
            restore.unpack(str(file), "id", DATASTORE)
        except OSError:
            answers[0] += 1
            Restore(str(data), lambda: None).finish()
        else:
            answers[1] += 1
            # The next owner can mount it, and what was there before can be had again.
            no_links(str(data), DATASTORE)
            assert (data / DATASTORE).is_dir() and (data / ".restore/replaced").is_dir(), seed
            Restore(str(data), lambda: None).finish()
            if chance.random() < 0.5:
                restore.settle()
                _new_data(data)
            else:
                restore.put_back("id-2")
        assert _tree(outside) == untouched, f"seed {seed}: something outside of the data was changed"
        assert _tree(data) == before, f"seed {seed}: the data is not as it was"
    assert min(answers) > len(cases()) / 20, answers


def test_a_restore_of_a_settled_archive_leaves_the_place_as_it_was(tmp_path: Path) -> None:
    """What the fuzzer above cannot see, as it makes the data anew after it: sentinel and copies stay the stack's."""
    data, outside = tmp_path / "data", tmp_path / "outside"
    outside.mkdir()
    _new_data(data)
    members = _good()
    for name in ("././.ha-rancher-sentinel", ".//.snap/1", "././.restore/state"):
        member = tarfile.TarInfo(name)
        member.size = 7
        members.append((member, b"hostile"))
    (tmp_path / "x").write_bytes(gzip.compress(_tar(members)))
    restore = Restore(str(data), lambda: None)
    restore.unpack(str(tmp_path / "x"), "id", DATASTORE)
    restore.settle()
    assert (data / ".ha-rancher-sentinel").read_text() == "this stack\n" and (data / ".snap/1").read_text() == "copy"
    assert (data / DATASTORE / "state").read_text() == "restored" and not (data / ".restore").exists()


def test_a_datastore_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """Nobody could mount such data, not even to put back what was there before."""
    data = tmp_path / "data"
    _new_data(data)
    link = tarfile.TarInfo("./k3s")
    link.type, link.linkname = tarfile.SYMTYPE, "elsewhere"
    folder = tarfile.TarInfo("./elsewhere/server/db")
    folder.type, folder.mode = tarfile.DIRTYPE, 0o755
    (tmp_path / "x").write_bytes(gzip.compress(_tar([(folder, b""), (link, b"")])))
    with pytest.raises(OSError, match="is a link"):
        Restore(str(data), lambda: None).unpack(str(tmp_path / "x"), "id", DATASTORE)
    assert not (data / ".restore/incoming").exists(), "it may have filled the server"
    Restore(str(data), lambda: None).finish()
    assert (data / DATASTORE / "state").read_text() == "before"


AGENT = """#!/bin/bash
case $1 in
  show) printf '%s\\n' node-a "$DATA" k3s/server/db rancher ;;
  status) printf '%s\\n' active '' true ;;
  work) echo "${*: -2}" >>"$ASKED" ;;
  await-well) echo 1.0 ;;
esac
"""


class Scripts:
    """The script `restore` on a node whose agent does all that it is asked for, and notes it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked, self.data = folder, folder / "asked", folder / "data"
        for name in ("backup", "lib"):
            shutil.copytree(NODE / name, folder / "set" / name)
        for path, text in (("set/host/agent", AGENT), ("bin/docker", f"#!/bin/sh\necho {IMAGE}\n")):
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text)
            (folder / path).chmod(0o755)
        self.data.mkdir()
        (folder / "run").mkdir()
        (folder / "here").mkdir()
        self.file = folder / "here" / "rancher.tar"

    def restore(self, limit: int = 60) -> "tuple[int, str]":
        self.asked.write_text("")
        variables = {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "RUN_DIRECTORY": str(self.folder / "run"),
            "DATA": str(self.data),
            "ASKED": str(self.asked),
        }
        command = [str(self.folder / "set/backup/restore"), str(self.file)]
        done = subprocess.run(command, env=variables, cwd=self.folder / "here", capture_output=True, check=False, timeout=limit)
        return done.returncode, done.stderr.decode("utf-8", "replace")


def _manifest(data: bytes, **changed: Optional[str]) -> str:
    values = {
        "format": "1",
        "image": IMAGE,
        "time": "20260101T000000Z",
        "node": "node-a",
        "size": str(len(data)),
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": "10240",
        **changed,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items() if value is not None)


def _checked(manifest: str) -> bytes:
    text = manifest.encode("utf-8", "surrogateescape")
    return text + f"check={hashlib.sha256(text).hexdigest()}\n".encode()


def _outer(manifest: bytes, data: bytes) -> "list[tuple[tarfile.TarInfo, bytes]]":
    members = []
    for name, content in (("manifest", manifest), ("data.tar.gz", data)):
        member = tarfile.TarInfo(name)
        member.size = len(content)
        members.append((member, content))
    return members


def _hostile_backup(chance: random.Random, outside: Path) -> bytes:
    data = _hostile_data(chance, outside) if chance.random() < 0.4 else gzip.compress(_tar(_good()), mtime=0)
    name = chance.choice(["format", "image", "time", "node", "size", "sha256", "bytes", "a[$(touch pwned)]", "PATH", "@", "*", "]"])
    value = chance.choice([None, *PIECES, "$(touch pwned)", "`touch pwned`", "a[$(touch pwned)]", "x" * 5_000, IMAGE, "099"])
    manifest = _manifest(data, **({name: value} if chance.random() < 0.6 else {}))
    if chance.random() < 0.2:
        manifest = bent(chance, manifest)
    members = _outer(_checked(manifest) if chance.random() < 0.9 else manifest.encode(), data)
    if chance.random() < 0.2:
        member = chance.choice(members)[0]
        member.type, member.linkname = chance.choice([tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE]), str(outside / "file")
    if chance.random() < 0.1:
        members.insert(chance.randrange(3), _member(chance, outside))
    content = _tar(members)
    return _bent_bytes(chance, content) if chance.random() < 0.1 else content


#: What a shell says where something was taken for its language.
DEFECT = re.compile(r": line \d+:|syntax error|value too great|unbound variable|bad array subscript|command not found")


def test_a_backup_is_refused_in_its_own_words_or_given_to_the_agent(tmp_path: Path) -> None:
    scripts, outside = Scripts(tmp_path), tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("as it was")
    untouched, answers = _tree(outside), [0, 0]
    for seed in cases(100):
        scripts.file.write_bytes(_hostile_backup(random.Random(seed), outside))
        code, said = scripts.restore()
        asked = scripts.asked.read_text()
        assert not DEFECT.search(said), f"seed {seed}: {said}"
        assert _tree(outside) == untouched, f"seed {seed}"
        assert [path.name for path in scripts.file.parent.iterdir()] == ["rancher.tar"], f"seed {seed}: something is left"
        assert not list(tmp_path.rglob("pwned")) and not list(scripts.data.iterdir()), f"seed {seed}"
        if code == 0:
            assert asked.startswith("unpack "), f"seed {seed}"
            answers[1] += 1
        else:
            assert re.search(r"^the archive is refused, and nothing was touched: ", said, re.MULTILINE), f"seed {seed}: {said}"
            assert asked == "", f"seed {seed}"
            answers[0] += 1
    assert min(answers) > 0, answers


def test_a_backup_cannot_make_the_node_read_or_write_without_end(tmp_path: Path) -> None:
    scripts = Scripts(tmp_path)
    good = gzip.compress(_tar(_good()), mtime=0)

    # Data that is all holes: 8 TB in a file of 10 kB.
    folder = tmp_path / "sparse"
    folder.mkdir()
    (folder / "manifest").write_bytes(_checked(_manifest(b"", size=str(8 << 40))))
    with open(folder / "data.tar.gz", "wb") as file:
        file.truncate(8 << 40)
    command = ["tar", "--create", "--sparse", "--file", str(scripts.file), "--directory", str(folder), "manifest", "data.tar.gz"]
    subprocess.run(command, check=True, timeout=60)
    code, said = scripts.restore(20)
    assert code != 0 and "its data is larger than the archive" in said, said

    # A manifest of many lines, and an archive of many names.
    scripts.file.write_bytes(_tar(_outer(_checked(_manifest(good) + "x=y\n" * 2_000), good)))
    code, said = scripts.restore()
    assert code != 0 and "its manifest is none" in said, said
    scripts.file.write_bytes(_tar(_outer(b"", b"") * 20_000))
    code, said = scripts.restore()
    assert code != 0 and "it is no backup" in said, said


def test_what_the_manifest_says_of_the_size_is_not_believed(tmp_path: Path) -> None:
    scripts = Scripts(tmp_path)
    df = tmp_path / "bin" / "df"
    df.write_text("#!/bin/sh\necho Avail\necho 1000000\n")
    df.chmod(0o755)
    bomb = tarfile.TarInfo("./bomb")
    bomb.size = 50_000_000
    data = gzip.compress(_tar([*_good(), (bomb, bytes(bomb.size))]), mtime=0)
    assert len(data) < 1_000_000
    scripts.file.write_bytes(_tar(_outer(_checked(_manifest(data, bytes="10")), data)))
    code, said = scripts.restore()
    assert code != 0 and "has room for 1000000 bytes" in said and scripts.asked.read_text() == "", said
