"""What the kernel's tables say of this node's mounts and of its NFS client. Nothing here touches what is mounted."""

import json
import re
from typing import Optional

from .core.observation import DataView
from .files import Page, read_page
from .holders import in_nfs_client, nfs_volume
from .mounts import Mount, MountTable, namespaces_with
from .setup import Setup

#: Milliseconds between two looks at what hardly ever changes.
_SELDOM = 9_000
_LONGEST = 4 << 20


#: The data, and its NFS volume.
_Known = tuple[Mount, str]


class StorageView:
    """`page`: file in /run that tells the next agent of this boot which data may still be mounted somewhere. Raises OSError."""

    def __init__(self, setup: Setup, page: str) -> None:
        self._setup = setup
        self._page = Page(page)
        self.table = MountTable(setup.paths.mounts)
        self._data: Optional[Mount] = None
        self._lease: Optional[Mount] = None
        self._known = _kept(page)  # as long as it may be mounted somewhere
        self._seldom_at = -_SELDOM
        self.server_lease: Optional[int] = None
        self.unfit = ""

    def look(self, now: int, changed: bool) -> None:
        """`changed`: the kernel says that the table has. It is read now and then without that, too."""
        if changed or now - self._seldom_at >= _SELDOM:
            self._seldom_at = now
            points = self.table.points(changed)
            self._data = points.get(self._setup.data.directory)
            self._lease = points.get(self._setup.lease.directory)
            self.server_lease = _server_lease(self._setup)
            self.unfit = _unfit(self._setup)
        if self._data and (self._known is None or self._known[0] != self._data):
            self._keep((self._data, nfs_volume(self._data.device, self._setup.paths.nfs_volumes)))

    def data(self) -> DataView:
        """Looks for it elsewhere only after it has gone from its place."""
        if self._data:
            return DataView(mounted=True)
        if self._known and not self._lingers(*self._known):
            self._keep(None)
        return DataView(lingers=self._known is not None)

    def _keep(self, known: Optional[_Known]) -> None:
        self._known = known
        try:
            self._page.write(json.dumps(known).encode() if known else b"")
        except ValueError:
            self._page.write(b"")  # paths that are longer than a page are nobody's

    def _lingers(self, data: Mount, volume: str) -> bool:
        return in_nfs_client(volume, self._setup.paths.nfs_volumes) if volume else bool(namespaces_with(data))

    def lease_mounted(self) -> bool:
        return self._lease is not None and self._lease.type == self._setup.lease.filesystem


def _kept(page: str) -> Optional[_Known]:
    """What the agent before knew, on this boot; None: nothing."""
    try:
        told = json.loads(read_page(page) or b"null")
    except (OSError, ValueError, RecursionError):
        return None
    if not (isinstance(told, list) and len(told) == 2 and isinstance(told[0], list)):
        return None
    mount, volume = told
    if len(mount) != len(Mount._fields) or not all(isinstance(each, str) for each in (*mount, volume)):
        return None
    return Mount(*mount), volume


def _server_lease(setup: Setup) -> Optional[int]:
    """The server's lease time, milliseconds, as the client of the lease's mount was told it."""
    here = False
    try:
        with open(setup.paths.mount_statistics, encoding="utf-8", errors="surrogateescape") as file:
            for line in file.read(_LONGEST).splitlines():
                if line.startswith("device "):
                    here = f" mounted on {setup.lease.directory} with fstype nfs4" in line
                elif here and "nfsv4:" in line:
                    match = re.search(r",lease_time=([0-9]{1,6})", line)
                    if match:
                        return int(match[1]) * 1000
    except OSError:
        pass
    return None


def _unfit(setup: Setup) -> str:
    if setup.lease.filesystem != "nfs4":
        return ""
    identity = _word(setup.paths.identity)
    if identity != setup.lease.identity:
        return f"the NFSv4 client identity is '{identity}', not '{setup.lease.identity}'"
    if _word(setup.paths.recover_lost_locks) in ("Y", "1"):
        return f"the NFS client takes lost locks back ({setup.paths.recover_lost_locks}), which another node may have by then"
    return ""


def _word(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(256).strip()
    except OSError:
        return ""
