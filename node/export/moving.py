"""What a stack made before images were: its data goes from a directory into an image, when root says so."""

import contextlib
import fcntl
import os
import struct

from .files import Refused, open_folder, run, sync_folder, text_of, write
from .image import OPTIONS, Image

_F_OFD_GETLK = 36


def move(image: Image, gib: int, source: str) -> str:
    """Where the directory is now, as it was. It must not be used meanwhile: the service is stopped. Cut short anywhere it can be
    said again. Raises Refused."""
    kept = f"{source}.before-move"
    with image.alone():
        if os.path.lexists(image.moving):
            if text_of(image.moving).strip() != source:
                raise Refused(f"{image.moving} says that another directory is being moved: say `move` for that one")
            if not os.path.lexists(image.file) and not os.path.lexists(source):
                os.rename(kept, source)
        elif os.path.lexists(image.file):
            raise Refused(f"{image.file} is there already: look at it, and remove it, or `make`")
        elif os.path.lexists(kept):
            raise Refused(f"{kept} is there already, from another time: move it away")
        if not os.path.lexists(image.file):
            _pack(image, gib, source, kept)
        image.mount()
        image.fill()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(image.moving)
        # The server remembers what it found at a path.
        with contextlib.suppress(Refused):
            run(image.places.exportfs, "-f")
        return kept


def _pack(image: Image, gib: int, source: str, kept: str) -> None:
    folder = open_folder(source, owned=False)
    try:
        if os.fstat(folder).st_dev != os.stat("..", dir_fd=folder).st_dev:
            raise Refused(f"{source} is a file system of its own already: nothing has to move")
        _refuse_leased(folder)
        write(image.moving, f"{source}\n", 0o600)
        image.format(gib)
        _copy(image, folder)
        # Who made changes meanwhile has the lease now.
        _refuse_leased(folder)
    finally:
        os.close(folder)
    os.rename(source, kept)
    sync_folder(os.path.dirname(source))
    os.rename(f"{image.file}.new", image.file)
    sync_folder(image.places.images)


def _copy(image: Image, folder: int) -> None:
    """Mounted elsewhere meanwhile, so that a copy that ends half-way is nobody's data. No link is followed, on the way or in it."""
    point = f"{image.file}.point"
    with contextlib.suppress(FileExistsError):
        os.mkdir(point, 0o700)
    run("mount", "-t", "xfs", "-o", OPTIONS, f"{image.file}.new", point)
    try:
        run("cp", "-a", "--one-file-system", "--", f"/proc/self/fd/{folder}/.", point, keep=folder)
        run("sync", "-f", point)
    finally:
        run("umount", point)
        os.rmdir(point)


def _refuse_leased(folder: int) -> None:
    """The kernel's server takes its clients' locks here, too."""
    try:
        fd = os.open("lease/lease", os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return
    try:
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind = struct.unpack("hhqqi4x", fcntl.fcntl(fd, _F_OFD_GETLK, asked))[0]
    finally:
        os.close(fd)
    if kind != fcntl.F_UNLCK:
        raise Refused("a node has the lease, and may write meanwhile: `npm run stop -- REASON` first")
