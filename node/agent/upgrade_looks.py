"""What on this node could break an upgrade, looked at before anything is touched. Changes nothing, and touches NFS only where the
data is mounted. Sent as text, since a preview installs nothing: so it stands alone, and is in no set.

Usage: upgrade_looks LOOKS
LOOKS is JSON: {"links": [PATH...], "members": [PATH...]}, paths below the shared data.
Prints {"memory": MiB that the node has,
        "mounted": whether the data is mounted here; what follows is null if it is not,
        "links": {PATH: whether it is a link, or leads through one},
        "members": {PATH: how many members the database of an etcd names; null if there is none}}

What lies on shared storage is input: no link is followed, and nothing is read without a bound.
"""

import json
import os
import stat
import struct
import sys
from typing import Any, Optional

#: go.etcd.io/bbolt, internal/common: a file is pages; the first two say in turn where the tree begins.
_MAGIC, _VERSION = 0xED0CDAED, 2
_PAGE_HEAD = struct.Struct("<QHHI")
_META = struct.Struct("<IIIIQQQQQQ")
_BRANCH = struct.Struct("<IIQ")
_LEAF = struct.Struct("<IIII")
_BUCKET = struct.Struct("<QQ")
_IS_BRANCH, _IS_LEAF, _IS_META, _IS_BUCKET = 1, 2, 4, 1
#: A tree of 2^32 entries is less deep; what is looked for has a handful of entries.
_DEEPEST, _LONGEST_PAGE, _MOST_PAGES = 16, 1 << 20, 64
#: A database is written while it is read: what was torn is read again.
_ATTEMPTS = 5


class Torn(Exception):
    """It is not as it should be: it was written meanwhile, or is damaged."""


class Bolt:
    """Reads one database of bbolt, through its file alone."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._left = _MOST_PAGES
        self._size, self._root = self._begin()

    def _begin(self) -> "tuple[int, int]":
        """The size of a page, and the root's, of the newest of both beginnings that is whole."""
        found = []
        for place in (0, 4096, 8192, 16384, 65536):
            content = os.pread(self._fd, _PAGE_HEAD.size + _META.size, place)
            if len(content) < _PAGE_HEAD.size + _META.size:
                continue
            _, flags, _, _ = _PAGE_HEAD.unpack_from(content)
            magic, version, size, _, root, _, _, _, number, checksum = _META.unpack_from(content, _PAGE_HEAD.size)
            whole = checksum == _fnv(content[_PAGE_HEAD.size : _PAGE_HEAD.size + _META.size - 8])
            if flags & _IS_META and (magic, version) == (_MAGIC, _VERSION) and whole and place in (0, size):
                found.append((number, size, root))
        if not found:
            raise Torn("it does not begin as a database of bbolt does")
        _, size, root = max(found)
        if size < 1024 or size & (size - 1) or size > _LONGEST_PAGE:
            raise Torn(f"its pages have {size} bytes")
        return size, root

    def _page(self, number: int) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise Torn("it has too many pages")
        head = os.pread(self._fd, _PAGE_HEAD.size, number * self._size) if number < 1 << 40 else b""
        if len(head) < _PAGE_HEAD.size:
            raise Torn(f"it has no page {number}")
        told, _, _, more = _PAGE_HEAD.unpack(head)
        length = (more + 1) * self._size
        if told != number or length > _LONGEST_PAGE:
            raise Torn(f"page {number} is another one")
        content = os.pread(self._fd, length, number * self._size)
        if len(content) < length:
            raise Torn(f"page {number} is cut off")
        return content

    def bucket(self, name: bytes) -> "Optional[bytes]":
        """The value of a bucket at the top."""
        return self._find(self._page(self._root), name, 0)

    def _find(self, page: bytes, name: bytes, depth: int) -> "Optional[bytes]":
        _, flags, count, _ = _PAGE_HEAD.unpack_from(page)
        if depth > _DEEPEST:
            raise Torn("it is too deep")
        if flags & _IS_LEAF:
            for kind, key, value in _leaves(page, count):
                if key == name and kind & _IS_BUCKET:
                    return value
            return None
        below = None
        for key, number in _branches(page, count):
            if key <= name or below is None:
                below = number
        if below is None:
            raise Torn("a page has no entries")
        return self._find(self._page(below), name, depth + 1)

    def count(self, bucket: bytes) -> int:
        """How many entries a bucket has."""
        if len(bucket) < _BUCKET.size:
            raise Torn("a bucket is cut off")
        root, _ = _BUCKET.unpack_from(bucket)
        # A small one is in its place among the others.
        return self._entries(self._page(root) if root else bucket[_BUCKET.size :], 0)

    def _entries(self, page: bytes, depth: int) -> int:
        if len(page) < _PAGE_HEAD.size or depth > _DEEPEST:
            raise Torn("a page is cut off, or too deep")
        _, flags, count, _ = _PAGE_HEAD.unpack_from(page)
        if flags & _IS_LEAF:
            return sum(1 for _ in _leaves(page, count))
        return sum(self._entries(self._page(number), depth + 1) for _, number in _branches(page, count))


def _fnv(content: bytes) -> int:
    """FNV-1a of 64 bits."""
    value = 0xCBF29CE484222325
    for byte in content:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def _part(page: bytes, begin: int, length: int) -> bytes:
    if begin + length > len(page):
        raise Torn("an entry leads out of its page")
    return page[begin : begin + length]


def _leaves(page: bytes, count: int) -> "list[tuple[int, bytes, bytes]]":
    entries = []
    for i in range(count):
        at = _PAGE_HEAD.size + i * _LEAF.size
        kind, place, key, value = _LEAF.unpack(_part(page, at, _LEAF.size))
        entries.append((kind, _part(page, at + place, key), _part(page, at + place + key, value)))
    return entries


def _branches(page: bytes, count: int) -> "list[tuple[bytes, int]]":
    _, flags, _, _ = _PAGE_HEAD.unpack_from(page)
    if not flags & _IS_BRANCH:
        raise Torn("a page is of another kind")
    entries = []
    for i in range(count):
        at = _PAGE_HEAD.size + i * _BRANCH.size
        place, key, number = _BRANCH.unpack(_part(page, at, _BRANCH.size))
        entries.append((_part(page, at + place, key), number))
    return entries


def members_of(path: str) -> "Optional[int]":
    """How many members the database of an etcd names; None if there is no such file. Raises OSError, Torn."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(22, "it is not a regular file", path)
        for left in reversed(range(_ATTEMPTS)):
            try:
                bolt = Bolt(fd)
                found = bolt.bucket(b"members")
                return 0 if found is None else bolt.count(found)
            except Torn:
                if not left:
                    raise
    finally:
        os.close(fd)
    return None


def is_link(data: str, path: str) -> bool:
    """Whether a path below the data is a link, or leads through one."""
    here, parts = data, path.split("/")
    if {"", ".", ".."} & set(parts):
        raise ValueError(f"{path} is no plain path")
    for part in parts:
        here = os.path.join(here, part)
        try:
            if stat.S_ISLNK(os.lstat(here).st_mode):
                return True
        except FileNotFoundError:
            return False
    return False


def _memory() -> int:
    with open("/proc/meminfo", encoding="ascii") as table:
        for line in table:
            if line.startswith("MemTotal:"):
                return int(line.split()[1]) >> 10
    raise ValueError("/proc/meminfo does not say how much memory there is")


def _data_directory(configuration: str) -> str:
    """Empty if the node has none, or was never told."""
    try:
        with open(os.path.join(configuration, "agent.json"), "rb") as file:
            told = json.loads(file.read(1 << 20))
    except FileNotFoundError:
        return ""
    data = told.get("data") if isinstance(told, dict) else None
    directory = data.get("directory") if isinstance(data, dict) else None
    return directory if isinstance(directory, str) else ""


def _is_mounted(directory: str, table: str) -> bool:
    """By the kernel's table: what is mounted may hang."""
    with open(table, encoding="utf-8", errors="surrogateescape") as file:
        return any(line.split(" ")[4] == directory for line in file if line.count(" ") > 8)


def look(looks: "dict[str, list[str]]", configuration: str, table: str) -> "dict[str, Any]":
    directory = _data_directory(configuration)
    mounted = bool(directory) and _is_mounted(directory, table)
    told: dict[str, Any] = {"memory": _memory(), "mounted": mounted, "links": None, "members": None}
    if mounted:
        told["links"] = {path: is_link(directory, path) for path in looks["links"]}
        told["members"] = {
            path: None if is_link(directory, path) else members_of(os.path.join(directory, path)) for path in looks["members"]
        }
    return told


def main(looks: str) -> int:
    configuration = os.environ.get("CONFIG_DIRECTORY", "/etc/ha-rancher")
    table = os.environ.get("MOUNT_TABLE", "/proc/self/mountinfo")
    try:
        print(json.dumps(look(json.loads(looks), configuration, table)))
    except (Torn, OSError, ValueError) as error:
        print(f"what an upgrade could break cannot be looked at: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
