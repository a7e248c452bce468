"""Tells the network which node has the VIPs: gratuitous ARP (RFC 5227 3), unsolicited neighbour advertisements (RFC 4861
7.2.6). keepalived does so, too, but not while it hangs.

Which VIPs there are is read from a file in /run, which no disk can hold up. node/keepalived/strip writes it from vip.env
(domain/vip-facts.ts) whenever keepalived reads its own: `ADDRESS/PREFIX dev INTERFACE` a line. It is input.
"""

import fcntl
import ipaddress
import os
import re
import socket
import struct
from typing import NamedTuple, Optional

from .files import Unusable, read_small
from .netlink import Address, Addresses

#: Bytes of the file: more than its most lines have.
_LONGEST = 8 << 10
#: The VIP and 50 further ones, as the settings allow.
_MOST = 51
_LINE = re.compile(r"([0-9a-fA-F.:]{2,45})(?:/[0-9]{1,3})? dev ([!-.0-~]{1,15})")

# linux/sockios.h, linux/if_arp.h, linux/if_ether.h
_GET_HARDWARE_ADDRESS, _ETHERNET = 0x8927, 1
_ARP, _IPV6 = 0x0806, 0x86DD
_INTERFACE_REQUEST = struct.Struct("=16sH6s16x")
_ALL = b"\xff" * 6

_ARP_PACKET = struct.Struct("!HHBBH6s4s6s4s")
_ARP_REQUEST = 1
_IPV6_HEADER = struct.Struct("!IHBB16s16s")
_ADVERTISEMENT = struct.Struct("!BBHI16sBB6s")
_ICMPV6, _NEIGHBOUR_ADVERTISEMENT, _OVERRIDE, _TARGET_LINK_LAYER = 58, 136, 0x20000000, 2
#: ff02::1, and where it is sent to on Ethernet (RFC 2464 7).
_ALL_NODES = ipaddress.ip_address("ff02::1").packed
_ALL_NODES_ETHERNET = b"\x33\x33\x00\x00\x00\x01"


class Place(NamedTuple):
    """A VIP, and the interface that it is on."""

    address: Address
    interface: str


class Announcer:
    """`path`: the file, looked at each time; without it nothing is announced. Nothing here raises, and nothing waits."""

    def __init__(self, path: str, addresses: Addresses) -> None:
        self._path = path
        self._addresses = addresses
        self._read: Optional[tuple[int, int, int]] = None
        self._places: list[Place] = []
        self._wrong = ""
        self.words = ""
        """Why the network was not told the last time; empty: it was, or there was nothing to tell."""
        self._refused = ""
        self._socket: Optional[socket.socket] = None
        try:
            # Of no protocol: it is given nothing to read.
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0)
            self._socket.setblocking(False)
        except OSError as error:
            self._refused = str(error.strerror)

    def announce(self) -> None:
        """Each VIP that is on its interface, once. Others are nobody's business here."""
        self._look()
        failed = self._wrong
        hardware: dict[str, Optional[tuple[int, bytes]]] = {}
        for address, interface in self._places:
            try:
                if interface not in hardware:
                    hardware[interface] = self._hardware(interface)
                found = hardware[interface]
                if found and self._addresses.on(found[0], address):
                    self._send(address, interface, found[1])
            except OSError as error:
                failed = failed or f"{interface}: {error.strerror}"
        self.words = f"the network cannot be told where the VIP is: {failed}" if failed else ""

    def _send(self, address: Address, interface: str, own: bytes) -> None:
        assert self._socket
        if isinstance(address, ipaddress.IPv4Address):
            self._socket.sendto(gratuitous_arp(address, own), (interface, _ARP, 0, 0, _ALL))
        else:
            self._socket.sendto(neighbour_advertisement(address, own), (interface, _IPV6, 0, 0, _ALL_NODES_ETHERNET))

    def _hardware(self, interface: str) -> "Optional[tuple[int, bytes]]":
        """Index and address of an interface; None if it is not Ethernet: nobody there asks for addresses. Read each time,
        since a bond's address changes."""
        if not self._socket:
            raise OSError(0, self._refused)
        request = _INTERFACE_REQUEST.pack(os.fsencode(interface), 0, b"")
        answer = fcntl.ioctl(self._socket, _GET_HARDWARE_ADDRESS, request)
        _, kind, own = _INTERFACE_REQUEST.unpack(answer)
        return (socket.if_nametoindex(interface), own) if kind == _ETHERNET else None

    def _look(self) -> None:
        """Reads the file if it has changed."""
        try:
            found = os.stat(self._path, follow_symlinks=False)
            read = (found.st_ino, found.st_mtime_ns, found.st_size)
            if read == self._read:
                return
            self._read = read
            self._places, self._wrong = parse(read_small(self._path, _LONGEST).decode("utf-8", "replace"))
        except FileNotFoundError:
            self._read, self._places, self._wrong = None, [], ""
        except Unusable as error:
            self._places, self._wrong = [], str(error.strerror)
        except OSError as error:
            self._read, self._places, self._wrong = None, [], f"{self._path}: {error.strerror}"


def parse(text: str) -> "tuple[list[Place], str]":
    """The VIPs of the file, each once, and what is wrong with it: such lines are left out."""
    places: dict[Place, None] = {}
    wrong = ""
    for number, line in enumerate(text.splitlines(), 1):
        place = _place(line)
        if place is None:
            wrong = wrong or f"line {number} of `vips` in /run/ha-rancher names no VIP; a reload of keepalived writes it anew"
        elif len(places) == _MOST:
            wrong = wrong or f"`vips` in /run/ha-rancher names more than {_MOST} VIPs; a reload of keepalived writes it anew"
            break
        else:
            places[place] = None
    return list(places), wrong


def _place(line: str) -> Optional[Place]:
    match = _LINE.fullmatch(line)
    try:
        address = ipaddress.ip_address(match[1]) if match else None
    except ValueError:
        return None
    if match is None or address is None or address.is_multicast or address.is_loopback or address.is_unspecified:
        return None
    return Place(address, match[2])


def gratuitous_arp(address: ipaddress.IPv4Address, own: bytes) -> bytes:
    """As an ARP announcement: who asks for its own address changes what all others have of it."""
    packed = address.packed
    return _ARP_PACKET.pack(_ETHERNET, 0x0800, 6, 4, _ARP_REQUEST, own, packed, bytes(6), packed)


def neighbour_advertisement(address: ipaddress.IPv6Address, own: bytes) -> bytes:
    """From the address itself, to all nodes; a hop limit of 255 shows that no router was in between."""
    source = address.packed
    body = _ADVERTISEMENT.pack(_NEIGHBOUR_ADVERTISEMENT, 0, 0, _OVERRIDE, source, _TARGET_LINK_LAYER, 1, own)
    pseudo = source + _ALL_NODES + struct.pack("!II", len(body), _ICMPV6)
    summed = struct.pack("!H", checksum(pseudo + body))
    return _IPV6_HEADER.pack(6 << 28, len(body), _ICMPV6, 255, source, _ALL_NODES) + body[:2] + summed + body[4:]


def checksum(data: bytes) -> int:
    """The Internet's (RFC 1071), of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
