"""What could break an upgrade, looked at on a node (upgrade_looks.py). Real databases of an etcd: test/image/image.test.ts."""

import json
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from agent import upgrade_looks
from agent.upgrade_looks import Torn, is_link, look, members_of

SIZE = 4096
BRANCH, LEAF, META = 1, 2, 4
PROGRAM = Path(upgrade_looks.__file__)


def page(number: int, flags: int, count: int, content: bytes) -> bytes:
    return (struct.pack("<QHHI", number, flags, count, 0) + content).ljust(SIZE, b"\0")


def leaf(entries: "list[tuple[int, bytes, bytes]]") -> bytes:
    """The heads of the entries, and then what they point to, each from its own head."""
    heads, content = b"", b""
    for i, (kind, key, value) in enumerate(entries):
        place = (len(entries) - i) * 16 + len(content)
        heads += struct.pack("<IIII", kind, place, len(key), len(value))
        content += key + value
    return heads + content


def branch(entries: "list[tuple[bytes, int]]") -> bytes:
    heads, content = b"", b""
    for i, (key, number) in enumerate(entries):
        heads += struct.pack("<IIQ", (len(entries) - i) * 16 + len(content), len(key), number)
        content += key
    return heads + content


def meta(number: int, transaction: int, root: int) -> bytes:
    body = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, SIZE, 0, root, 0, 2, 9, transaction)
    return page(number, META, 0, body + struct.pack("<Q", upgrade_looks._fnv(body)))


def members(count: int) -> "list[tuple[int, bytes, bytes]]":
    return [(0, b"%016x" % i, b'{"name":"local-node"}') for i in range(count)]


def database(count: int, inline: bool = False) -> bytes:
    """A root that is a branch, the bucket in a page of its own or in its place, and an older beginning that has another root."""
    small = struct.pack("<QHHI", 0, LEAF, count, 0) + leaf(members(count))
    value = struct.pack("<QQ", 0, 0) + small if inline else struct.pack("<QQ", 6, 0)
    others = [(1, name, struct.pack("<QQ", 8, 0)) for name in (b"key", b"lease")]
    return b"".join(
        [
            meta(0, 6, 3),
            meta(1, 7, 4),
            page(2, 0x10, 0, b""),
            page(3, LEAF, 1, leaf([(1, b"members", struct.pack("<QQ", 8, 0))])),
            page(4, BRANCH, 2, branch([(b"key", 5), (b"members", 7)])),
            page(5, LEAF, 2, leaf(others)),
            page(6, LEAF, count, leaf(members(count))),
            page(7, LEAF, 2, leaf([(1, b"members", value), (1, b"meta", struct.pack("<QQ", 8, 0))])),
            page(8, LEAF, 5, leaf(members(5))),
        ]
    )


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_members_are_counted(tmp_path: Path, count: int, inline: bool) -> None:
    file = tmp_path / "db"
    file.write_bytes(database(count, inline))
    assert members_of(str(file)) == count


def test_a_beginning_that_is_torn_leaves_the_other_one(tmp_path: Path) -> None:
    content = bytearray(database(1))
    content[SIZE + 40] ^= 1
    file = tmp_path / "db"
    file.write_bytes(content)
    assert members_of(str(file)) == 5


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    assert members_of(str(tmp_path / "none")) is None
    (tmp_path / "db").write_bytes(b"x" * 20_000)
    with pytest.raises(Torn):
        members_of(str(tmp_path / "db"))
    os.mkfifo(tmp_path / "pipe")
    os.symlink("db", tmp_path / "link")
    for name in ("pipe", "link", "."):
        with pytest.raises(OSError):
            members_of(str(tmp_path / name))


def test_whatever_it_holds_it_ends(tmp_path: Path) -> None:
    chance = random.Random(7)
    file = tmp_path / "db"
    for _ in range(400):
        content = bytearray(database(chance.randrange(4), chance.random() < 0.5))
        for _ in range(chance.randrange(1, 9)):
            content[chance.randrange(2 * SIZE, len(content))] = chance.randrange(256)
        file.write_bytes(content[: chance.randrange(SIZE, len(content) + 1)])
        try:
            found = members_of(str(file))
        except Torn:
            continue
        assert found is not None and found >= 0


def test_a_tree_that_leads_back_to_itself_ends(tmp_path: Path) -> None:
    content = bytearray(database(1))
    content[4 * SIZE : 5 * SIZE] = page(4, BRANCH, 2, branch([(b"key", 4), (b"members", 4)]))
    (tmp_path / "db").write_bytes(content)
    with pytest.raises(Torn):
        members_of(str(tmp_path / "db"))


def node(tmp_path: Path, mounted: bool = True) -> "tuple[Path, str, str]":
    """A node's data, configuration, and table of mounts."""
    data, configuration, table = tmp_path / "data", tmp_path / "config", tmp_path / "mountinfo"
    data.mkdir()
    configuration.mkdir()
    (configuration / "agent.json").write_text(json.dumps({"data": {"directory": str(data)}}))
    line = f"30 22 0:40 / {data} rw,relatime shared:1 - nfs4 server:/x rw\n"
    table.write_text("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + (line if mounted else ""))
    return data, str(configuration), str(table)


LOOKS = {"links": ["k3s/server/db/etcd"], "members": ["k3s/server/db/etcd/member/snap/db"]}


def test_a_node_with_the_data_says_what_is_in_it(tmp_path: Path) -> None:
    data, configuration, table = node(tmp_path)
    snap = data / "k3s/server/db/etcd/member/snap"
    snap.mkdir(parents=True)
    (snap / "db").write_bytes(database(2))
    told = look(LOOKS, configuration, table)
    assert told["mounted"] is True and told["memory"] > 0
    assert told["links"] == {LOOKS["links"][0]: False}
    assert told["members"] == {LOOKS["members"][0]: 2}


def test_a_link_is_told_and_not_followed(tmp_path: Path) -> None:
    data, configuration, table = node(tmp_path)
    away = tmp_path / "away/member/snap"
    away.mkdir(parents=True)
    (away / "db").write_bytes(database(2))
    (data / "k3s/server/db").mkdir(parents=True)
    os.symlink(tmp_path / "away", data / "k3s/server/db/etcd")
    told = look(LOOKS, configuration, table)
    assert told["links"] == {LOOKS["links"][0]: True}
    assert told["members"] == {LOOKS["members"][0]: None}


def test_a_node_without_the_data_touches_none(tmp_path: Path) -> None:
    data, configuration, table = node(tmp_path, mounted=False)
    os.symlink("/", data / "k3s")
    assert {**look(LOOKS, configuration, table), "memory": 0} == {"memory": 0, "mounted": False, "links": None, "members": None}
    assert look(LOOKS, str(tmp_path / "none"), table)["mounted"] is False


def test_a_path_that_leads_out_is_refused() -> None:
    for path in ("../x", "a//b", "/etc", "a/."):
        with pytest.raises(ValueError):
            is_link("/tmp", path)


def test_as_it_is_sent(tmp_path: Path) -> None:
    _, configuration, table = node(tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM.read_text(), json.dumps(LOOKS)],
        env={"CONFIG_DIRECTORY": configuration, "MOUNT_TABLE": table, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["members"] == {LOOKS["members"][0]: None}
