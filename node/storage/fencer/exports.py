"""What is exported to whom. The helper alone writes the stack's file of exports: each node has the lease directory, and the
data unless it is cut off."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping

from agent.files import write_whole

#: The same as providers/nfs/kernel-exports.ts has: `sync`, since what is acknowledged must survive the server; `no_root_squash`,
#: since services run as root and change owners.
_OPTIONS = "rw,sync,no_subtree_check,no_root_squash,fsid={},sec=sys"
_LONGEST = 4 << 20


def quote(path: str) -> str:
    """For exports(5): all but harmless characters as octal numbers of their bytes."""
    return "".join(chr(byte) if re.match(rb"[\w/.-]", bytes([byte])) else f"\\{byte:03o}" for byte in os.fsencode(path))


def unquote(word: str) -> str:
    return os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), os.fsencode(word)))


def rendered(directory: str, fsids: Mapping[str, str], nodes: Mapping[str, str], barred: Iterable[str]) -> str:
    """A line for each folder and node."""
    lines = [
        f"{quote(os.path.join(directory, folder))} {address}({_OPTIONS.format(fsids[folder])})"
        for folder in ("lease", "data")
        for node, address in sorted(nodes.items())
        if folder == "lease" or node not in barred
    ]
    return "\n".join(["# Made by ha-rancher; changes are overwritten.", *lines, ""])


def still_exported(table: str, data: str, address: str, others: Iterable[str]) -> str:
    """Whether one of these tables (etab, /proc/fs/nfsd/exports) lets the address at the data: empty, or the line's words.

    Exports of a directory above or below count, and so does one to anybody who is not just another node: a name, a network. Not
    those that the server makes by itself (`v4root`), by which a client finds its way to an export and nothing else."""
    known = set(others)
    for line in table.splitlines():
        word, _, rest = line.partition("\t")
        clients, _, flags = rest.partition("(")
        path = unquote(word)
        if not clients or "v4root" in flags.rstrip(")").split(",") or not _touches(path, data):
            continue
        for client in clients.split(","):
            if client == address or client not in known:
                return f"{client[:40]} may still mount {path}"
    return ""


def _touches(path: str, data: str) -> bool:
    """One of them lies in the other."""
    first, second = (each.rstrip("/") + "/" for each in (path, data))
    return first.startswith(second) or second.startswith(first)


class Exports:
    """`file`: the stack's own in /etc/exports.d. `tables`: etab, and what the kernel knows. `program`: exportfs."""

    def __init__(self, file: str, tables: "tuple[str, ...]", program: str, limit: float) -> None:
        self._file = file
        self._tables = tables
        self._program = program
        self._limit = limit

    def write(self, content: str) -> bool:
        """Whether it was another one before."""
        try:
            with open(self._file, encoding="utf-8", errors="replace") as file:
                if file.read(_LONGEST) == content:
                    return False
        except FileNotFoundError:
            pass
        write_whole(self._file, content.encode(), synced=True)
        os.chmod(self._file, 0o644)
        return True

    def apply(self) -> None:
        """`exportfs` makes its table anew; then what the kernel remembers of the old one is thrown away. It may report errors in
        other exports, so the tables count, not its exit code. Raises OSError."""
        for option in ("-ra", "-f"):
            command = [self._program, option]
            try:
                subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=self._limit, check=False)
            except subprocess.TimeoutExpired as error:
                raise TimeoutError(f"exportfs {option} takes too long") from error

    def left(self, data: str, address: str, others: Iterable[str]) -> str:
        for path in self._tables:
            with open(path, encoding="utf-8", errors="replace") as file:
                found = still_exported(file.read(_LONGEST), data, address, tuple(others))
            if found:
                return found
        return ""
