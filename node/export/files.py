"""Files and folders of root's, opened without following links; and programs. What nodes can write is never believed."""

import contextlib
import os
import stat
import subprocess


class Refused(Exception):
    """In words, with the way out."""


def open_folder(path: str, owned: bool = True) -> int:
    """Opened part by part, none of which may be a link. `owned`: nor may a folder above it be somebody else's, who could put
    another one there later. Raises FileNotFoundError, Refused."""
    fd = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    parts = path.strip("/").split("/")
    for i, part in enumerate(parts):
        above = "/" + "/".join(parts[:i])
        try:
            found = os.fstat(fd)
            if owned and (found.st_uid != 0 or (found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX)):
                raise Refused(f"{above} can be changed by others than root: choose a place that is root's")
            below = open_below(fd, part)
        finally:
            os.close(fd)
        fd = below
    return fd


def open_below(folder: int, name: str) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except NotADirectoryError:
        raise Refused(f"{name} is a link or a file, which a node or somebody else put there: look at it, and remove it") from None


def open_own(path: str, flags: int) -> int:
    fd = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
        os.close(fd)
        raise Refused(f"{path} is no image of ours: look at it, and move it away")
    return fd


def text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(64 << 10)
    except OSError:
        return ""


def write(path: str, text: str, mode: int) -> None:
    fresh = f"{path}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh)
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with open(fd, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(fresh, path)


def sync_folder(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def run(*words: str, keep: int = -1) -> str:
    """What it prints. `keep`: a descriptor that it gets, too. Raises Refused."""
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, check=False, pass_fds=[keep] if keep >= 0 else []
        )
    except FileNotFoundError:
        raise Refused(f"`{words[0]}` is missing here: install xfsprogs, util-linux and the kernel's NFS server") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Refused(f"`{' '.join(words)}` failed: {said[-1] if said else f'code {done.returncode}'}")
    return done.stdout.decode("utf-8", "replace")
