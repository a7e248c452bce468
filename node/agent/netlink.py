"""The addresses of this node, by the kernel's netlink socket: told at every change, nothing is asked again and again.

rtnetlink(7); linux/if_addr.h
"""

import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from typing import Union

_NEW_ADDRESS, _DELETED_ADDRESS, _GET_ADDRESS = 20, 21, 22
_ERROR, _DONE = 2, 3
_REQUEST, _DUMP = 1, 0x300
_GROUP_IPV4_ADDRESS, _GROUP_IPV6_ADDRESS = 0x10, 0x100
_ATTRIBUTE_ADDRESS, _ATTRIBUTE_LOCAL, _ATTRIBUTE_FLAGS = 1, 2, 8
#: Duplicate address detection is not over, or failed: nobody is served by such an address.
_TENTATIVE, _DUPLICATE = 0x40, 0x08

_HEADER = struct.Struct("=IHHII")
_ADDRESS = struct.Struct("=BBBBi")

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


class Addresses:
    """All addresses on all interfaces. `fileno()` is readable when something has changed."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.bind((0, _GROUP_IPV4_ADDRESS | _GROUP_IPV6_ADDRESS))
        self._socket.setblocking(False)
        self._known: set[tuple[int, Address]] = set()
        self.refresh()

    def fileno(self) -> int:
        return self._socket.fileno()

    def has(self, address: Address) -> bool:
        return any(known == address for _, known in self._known)

    def on(self, index: int, address: Address) -> bool:
        """Whether the interface of this index has it."""
        return (index, address) in self._known

    def refresh(self) -> None:
        """Reads all of it anew: at the start, and after news were lost."""
        self._socket.close()
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.bind((0, _GROUP_IPV4_ADDRESS | _GROUP_IPV6_ADDRESS))
        self._known = set()
        request = _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        self._socket.send(_HEADER.pack(_HEADER.size + len(request), _GET_ADDRESS, _REQUEST | _DUMP, 1, 0) + request)
        # The kernel answers at once; the limit is for one that does not.
        self._socket.settimeout(1)
        while not self._take(self._socket.recv(65536)):
            pass
        self._socket.setblocking(False)

    def collect(self) -> None:
        """Takes the news that have come."""
        while True:
            try:
                self._take(self._socket.recv(65536))
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.refresh()

    def _take(self, data: bytes) -> bool:
        """Whether that was the end of a dump."""
        for kind, body in _messages(data):
            if kind == _DONE:
                return True
            if kind == _ERROR:
                number = -struct.unpack_from("=i", body)[0]
                raise OSError(number, os.strerror(number) if number else "netlink")
            if kind in (_NEW_ADDRESS, _DELETED_ADDRESS):
                found = _parse(body)
                if found is None:
                    continue
                index, address, usable = found
                if kind == _NEW_ADDRESS and usable:
                    self._known.add((index, address))
                else:
                    self._known.discard((index, address))
        return False


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, _, _, _ = _HEADER.unpack_from(data)
        if length < _HEADER.size:
            return
        yield kind, data[_HEADER.size : length]
        data = data[(length + 3) & ~3 :]


def _parse(body: bytes) -> "tuple[int, Address, bool] | None":
    """Index of the interface, the address, and whether it can be used."""
    family, _, flags, _, index = _ADDRESS.unpack_from(body)
    attributes = {}
    rest = body[_ADDRESS.size :]
    while len(rest) >= 4:
        length, kind = struct.unpack_from("=HH", rest)
        if length < 4:
            break
        attributes[kind] = rest[4:length]
        rest = rest[(length + 3) & ~3 :]
    # IPv4 peers have another address than the local one.
    raw = attributes.get(_ATTRIBUTE_LOCAL) or attributes.get(_ATTRIBUTE_ADDRESS)
    if raw is None or len(raw) != {socket.AF_INET: 4, socket.AF_INET6: 16}.get(family):
        return None
    if _ATTRIBUTE_FLAGS in attributes:
        flags = struct.unpack("=I", attributes[_ATTRIBUTE_FLAGS])[0]
    return index, ipaddress.ip_address(raw), not flags & (_TENTATIVE | _DUPLICATE)
