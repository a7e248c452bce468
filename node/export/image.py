"""An XFS image with reflink, mounted by a unit of systemd: all that is in one file system is one export's."""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from .files import Refused, open_below, open_folder, open_own, run, sync_folder, text_of, write

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
#: What files of exports begin with: nobody else's is touched.
PREFIX = "ha-rancher-"
#: As exports(5) and systemd take it without quotes.
DIRECTORY = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+")
SENTINEL_NAME = ".ha-rancher-sentinel"
FOLDERS = ("data", "lease")
#: Nodes are root in it: nothing of it is run here, nor believed to be a device.
OPTIONS = "loop,nosuid,nodev,noexec"
#: xfsprogs makes no smaller ones, and the lease must have room beside the data.
LEAST_GIB, MOST_GIB = 1, 16_384
#: Bytes that stay free on the disk that images are on.
SPARE = 512 << 20


class MustMove(Refused):
    """There is data in the place of the mount."""


class Places(NamedTuple):
    """Where everything is. All of it is root's."""

    images: str = "/var/lib/ha-rancher-export"
    points: str = "/srv/ha-rancher-exports"
    units: str = "/etc/systemd/system"
    exports: str = "/etc/exports.d"
    systemctl: str = "systemctl"
    exportfs: str = "exportfs"


class Image:
    """One export's. `at`: where it is mounted, where not at its usual place."""

    def __init__(self, places: Places, name: str, at: str = "") -> None:
        if not NAME.fullmatch(name):
            raise Refused(f"'{name}' is no export's name: 1 to 63 letters, digits and `._-`, and no `.` at its beginning")
        self.places, self.name = places, name
        self.point = at or f"{places.points}/{name}"
        if not DIRECTORY.fullmatch(self.point):
            raise Refused(f"{self.point} must be an absolute path of letters, digits and `._-`")
        self.file = f"{places.images}/{name}.img"
        escaped = self.point.strip("/").replace("-", "\\x2d").replace("/", "-")
        self.unit = f"{escaped}.mount"
        self.exports = f"{places.exports}/{name if name.startswith(PREFIX) else f'{PREFIX}of-{name}'}.exports"
        #: There while the data of a directory is being moved; says which.
        self.moving = f"{places.images}/{name}.moving"

    def make(self, gib: int, sentinel: str) -> None:
        """Makes what is missing, and lets it grow. Raises Refused; MustMove before anything is made."""
        with self.alone():
            if os.path.lexists(self.moving):
                raise Refused(f"moving {text_of(self.moving).strip()} was cut short: say `move` again, as before")
            if not os.path.lexists(self.file):
                self._refuse_data()
                self.format(gib)
                os.rename(f"{self.file}.new", self.file)
                sync_folder(self.places.images)
            self._grow_file(gib)
            self.mount()
            self._grow_mounted()
            self.fill(sentinel)

    def remove(self) -> None:
        with self.alone():
            if os.path.lexists(self.exports):
                raise Refused(f"{self.name} is exported: `withdraw` it first")
            if self.mounted():
                run(self.places.systemctl, "disable", "--now", self.unit)
            if self.mounted():
                raise Refused(f"{self.point} is still mounted: somebody uses it")
            for path in (f"{self.places.units}/{self.unit}", self.file):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
            with contextlib.suppress(OSError):
                os.rmdir(self.point)
            run(self.places.systemctl, "daemon-reload")

    def look(self) -> "dict[str, object]":
        mounted = self.mounted()
        return {
            "image": os.path.lexists(self.file),
            "bytes": _bytes(self.file) if os.path.lexists(self.file) else 0,
            "mounted": mounted,
            "point": self.point,
        }

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        os.umask(0o022)
        for path, mode in ((self.places.images, 0o700), (self.places.points, 0o711)):
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, mode)
            os.close(open_folder(path))
        lock = os.open(f"{self.places.images}/{self.name}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _refuse_data(self) -> None:
        """What is in the directory below would be hidden by the mount, and lost to the nodes."""
        try:
            folder = open_folder(self.point)
        except FileNotFoundError:
            return
        try:
            names = sorted(os.listdir(folder))
        finally:
            os.close(folder)
        if names:
            raise MustMove(
                f"{self.point} holds data ({', '.join(names[:3])}), and shares its file system with others: root on a node can "
                f"reach all of that. It stays as it is until you move it into an image, with the service stopped: "
                f"{os.path.dirname(os.path.realpath(__file__))}/helper move {self.name} GIB {self.point} --at {self.point}"
            )

    def format(self, gib: int) -> None:
        """Under another name until it is whole. All of its room is taken at once: a disk that is full later harms nobody in it."""
        fresh = f"{self.file}.new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
        fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            self._take_room(fd, gib << 30)
            os.fsync(fd)
        except BaseException:
            os.unlink(fresh)
            raise
        finally:
            os.close(fd)
        run("mkfs.xfs", "-q", "-f", "-K", "-m", "reflink=1", fresh)

    def _take_room(self, fd: int, size: int) -> None:
        if not LEAST_GIB << 30 <= size <= MOST_GIB << 30:
            raise Refused(f"`sharedSize` is {size >> 30}, and must be from {LEAST_GIB} to {MOST_GIB} GiB")
        found, needed = os.fstatvfs(fd), size - os.fstat(fd).st_blocks * 512
        free = found.f_bavail * found.f_frsize
        if needed + SPARE > free:
            raise Refused(
                f"{self.places.images} has {free >> 20} MiB free, and `sharedSize` ({size >> 30} GiB) needs {needed >> 20} MiB and "
                f"{SPARE >> 20} MiB to spare: make room, or lower it"
            )
        os.posix_fallocate(fd, 0, size)

    def _grow_file(self, gib: int) -> None:
        fd = open_own(self.file, os.O_RDWR)
        try:
            size = os.fstat(fd).st_size
            if gib << 30 < size:
                raise Refused(
                    f"`sharedSize` is {gib}, and {self.file} has {size >> 30} GiB: XFS does not shrink. Leave it as it is"
                )
            if gib << 30 > size:
                self._take_room(fd, gib << 30)
                os.fsync(fd)
        finally:
            os.close(fd)

    def _grow_mounted(self) -> None:
        """While it is in use; nothing happens where it has its size. A growth that was cut short is finished, too."""
        device = os.stat(self.point).st_dev
        run("losetup", "--set-capacity", f"/dev/loop{os.minor(device)}")
        run("xfs_growfs", "-d", self.point)

    def mount(self) -> None:
        unit = f"{self.places.units}/{self.unit}"
        text = render_unit(self.name, self.file, self.point)
        if not self.mounted():
            os.makedirs(self.point, mode=0o700, exist_ok=True)
            os.close(open_folder(self.point))
        if text_of(unit) != text:
            write(unit, text, 0o644)
            run(self.places.systemctl, "daemon-reload")
        run(self.places.systemctl, "enable", "--now", self.unit)
        if not self.mounted():
            raise Refused(f"{self.file} is not mounted at {self.point} after {self.unit} was started")

    def mounted(self) -> bool:
        return self.mounted_at(self.point)

    def mounted_at(self, point: str) -> bool:
        """Something is mounted just there. At this image's own point it must be this image."""
        try:
            folder = open_folder(point)
        except FileNotFoundError:
            return False
        try:
            device = os.fstat(folder).st_dev
            if device == os.stat(os.path.dirname(point)).st_dev:
                return False
        finally:
            os.close(folder)
        backing = text_of(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/loop/backing_file").strip()
        if point == self.point and backing != os.path.realpath(self.file):
            raise Refused(f"at {point} is another file system ({backing or 'no image of ours'}): unmount it")
        return True

    def fill(self, sentinel: str = "") -> None:
        """The folders, and the line that tells this data from any other. Whatever nodes put there is not followed."""
        root = open_folder(self.point)
        try:
            os.fchmod(root, 0o700)
            for name in FOLDERS:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o755, dir_fd=root)
            for name in FOLDERS:
                folder = open_below(root, name)
                try:
                    if sentinel and name == "data":
                        _write_sentinel(folder, sentinel)
                finally:
                    os.close(folder)
        finally:
            os.close(root)


def _write_sentinel(data: int, sentinel: str) -> None:
    """Never overwrites one."""
    with contextlib.suppress(FileExistsError):
        fd = os.open(SENTINEL_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=data)
        with open(fd, "w", encoding="utf-8") as file:
            file.write(f"{sentinel}\n")
            file.flush()
            os.fsync(fd)
        os.fsync(data)


def render_unit(name: str, file: str, point: str) -> str:
    return f"""# Made by ha-rancher; changes are overwritten.
[Unit]
Description=What {name} exports over NFS
Before=nfs-server.service
RequiresMountsFor={file}

[Mount]
What={file}
Where={point}
Type=xfs
Options={OPTIONS}

[Install]
WantedBy=multi-user.target nfs-server.service
"""


def _bytes(path: str) -> int:
    return os.lstat(path).st_size
