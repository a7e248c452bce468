"""Where the VIPs are is told to the network: what is read, and what arrives at the other end of a real cable."""

import ipaddress
import os
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Callable

import pytest
from agent.announce import Announcer, Place, checksum, neighbour_advertisement, parse
from agent.netlink import Addresses
from support.namespaces import NEW_MOUNTS, NEW_NETWORK, apart

VIP, FURTHER, VIP6 = "192.0.2.10", "192.0.2.11", "2001:db8::10"
OWNER, STANDBY = "02:00:00:00:00:01", "02:00:00:00:00:02"


def _ip(words: str) -> str:
    return subprocess.run(["ip", *words.split()], check=True, stdout=subprocess.PIPE).stdout.decode()


def _cable() -> None:
    """`node` here, and at the other end `client`, in a namespace of its own behind it."""
    _ip("link add node type veth peer name client")
    _ip(f"link set node address {OWNER} up")
    _ip("netns add behind")
    _ip("link set client netns behind")
    for words in ("link set client up", "addr add 192.0.2.99/24 dev client", "addr add 2001:db8::99/64 dev client nodad"):
        _ip(f"-netns behind {words}")


def _apart(run: Callable[[], None]) -> None:
    """What `ip netns` mounts is this test's alone."""

    def inside() -> None:
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
        run()

    apart(NEW_NETWORK | NEW_MOUNTS, inside)


def _neighbour(address: str) -> str:
    """Where the client sends what is for this address."""
    words = _ip(f"-netns behind neigh show {address}").split()
    return words[words.index("lladdr") + 1] if "lladdr" in words else ""


def _client_asks_standby(*addresses: str) -> None:
    for address in addresses:
        _ip(f"-netns behind neigh replace {address} lladdr {STANDBY} dev client nud reachable")
        assert _neighbour(address) == STANDBY


def _wait_for_owner(address: str) -> None:
    for _ in range(100):
        if _neighbour(address) == OWNER:
            return
        time.sleep(0.02)
    raise AssertionError(f"the client asks {_neighbour(address) or 'nobody'} for {address}")


def test_clients_that_ask_another_node_ask_this_one_again(tmp_path: Path) -> None:
    def run() -> None:
        _cable()
        for address in (f"{VIP}/32", f"{FURTHER}/32", f"{VIP6}/128 nodad"):
            prefix, *more = address.split()
            _ip(f"addr add {prefix} dev node {' '.join(more)}".strip())
        vips = tmp_path / "vips"
        vips.write_text("".join(f"{address} dev node\n" for address in (f"{VIP}/24", f"{FURTHER}/24", f"{VIP6}/64")))
        announcer = Announcer(str(vips), Addresses())
        _client_asks_standby(VIP, FURTHER, VIP6)
        announcer.announce()
        assert announcer.words == ""
        for address in (VIP, FURTHER, VIP6):
            _wait_for_owner(address)
        # A bond that goes on with its other card.
        _ip("link set node address 02:00:00:00:00:03")
        announcer.announce()
        time.sleep(0.2)
        assert {_neighbour(address) for address in (VIP, FURTHER, VIP6)} == {"02:00:00:00:00:03"}

    _apart(run)


def test_what_is_sent_is_one_packet_for_each_vip_that_is_here(tmp_path: Path) -> None:
    def run() -> None:
        _cable()
        # Without addresses of its own kind that would speak by itself.
        Path("/proc/sys/net/ipv6/conf/node/disable_ipv6").write_text("1")
        _ip(f"addr add {VIP}/32 dev node")
        _ip("link set lo up")
        _ip(f"addr add {FURTHER}/32 dev lo")
        vips = tmp_path / "vips"
        vips.write_text(
            f"{VIP}/24 dev node\n{FURTHER}/24 dev node\n192.0.2.12/24 dev node\n{VIP6}/64 dev node\n{FURTHER}/24 dev lo\n"
        )
        sent = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        announcer = Announcer(str(vips), Addresses())
        sent.settimeout(0.3)
        announcer.announce()
        assert announcer.words == ""
        seen = []
        try:
            while True:
                frame, where = sent.recvfrom(2048)
                if where[2] == socket.PACKET_OUTGOING:
                    seen.append((where[0], frame))
        except socket.timeout:
            pass
        assert len(seen) == 1, seen
        interface, frame = seen[0]
        own, address = bytes.fromhex(OWNER.replace(":", "")), ipaddress.ip_address(VIP).packed
        assert interface == "node" and frame[:14] == b"\xff" * 6 + own + b"\x08\x06"
        assert frame[14:42] == struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + own + address + bytes(6) + address

    _apart(run)


def test_what_fails_is_said_and_ends_nothing(tmp_path: Path) -> None:
    def run() -> None:
        _cable()
        _ip(f"addr add {VIP}/32 dev node")
        vips = tmp_path / "vips"
        announcer = Announcer(str(vips), Addresses())
        announcer.announce()
        assert announcer.words == "", "a node without a floating IP"
        vips.write_text(f"{VIP}/24 dev none\n{VIP}/24 dev node\n")
        _client_asks_standby(VIP)
        announcer.announce()
        assert "none: No such device" in announcer.words
        _wait_for_owner(VIP)
        vips.write_text(f"{VIP}/24 dev node\n")
        announcer.announce()
        assert announcer.words == ""
        _ip("link set node down")
        announcer.announce()
        assert "node: Network is down" in announcer.words
        _ip("link set node up")
        announcer.announce()
        assert announcer.words == ""
        vips.unlink()
        vips.symlink_to("/etc/passwd")
        announcer.announce()
        assert "vips" in announcer.words
        vips.unlink()
        vips.write_bytes(b"\x00" * 9_000)
        announcer.announce()
        assert "larger than" in announcer.words
        vips.unlink()
        os.mkfifo(vips)
        announcer.announce()
        assert "not a regular file" in announcer.words

    _apart(run)


def test_a_node_that_gives_no_socket_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    addresses = Addresses()
    monkeypatch.setattr("agent.announce.socket.socket", refuse)
    vips = tmp_path / "vips"
    announcer = Announcer(str(vips), addresses)
    announcer.announce()
    assert announcer.words == ""
    vips.write_text(f"{VIP}/24 dev lo\n")
    announcer.announce()
    assert announcer.words.endswith("lo: Operation not permitted")


def test_what_is_read_is_input() -> None:
    vip = Place(ipaddress.ip_address(VIP), "eth1")
    assert parse(f"{VIP}/24 dev eth1\n") == ([vip], "")
    assert parse("") == ([], "")
    # Each once, with or without a prefix.
    assert parse(f"{VIP}/24 dev eth1\n{VIP} dev eth1\n{VIP6}/64 dev br0.7\n") == (
        [vip, Place(ipaddress.ip_address(VIP6), "br0.7")],
        "",
    )
    for wrong in (
        "nonsense", f"{VIP}/24", f"{VIP}/24 dev ", f"{VIP}/24 dev a/b", f"{VIP}/24 dev {'e' * 16}", f"{VIP}/24 dev eth1 x",
        f"{VIP}/24 dev e\x00", "999.0.2.10/24 dev eth1", "224.0.0.18/4 dev eth1", "ff02::1/16 dev eth1", "0.0.0.0/0 dev eth1",
        "::1/128 dev lo", "127.0.0.1/8 dev lo", "fe80::1%eth0/64 dev eth1",
    ):  # fmt: skip
        places, words = parse(f"{wrong}\n{VIP}/24 dev eth1\n")
        assert places == [vip] and words.startswith("line 1 "), wrong
    places, words = parse("".join(f"10.0.0.{i}/24 dev eth1\n" for i in range(1, 60)))
    assert len(places) == 51 and "more than 51" in words


def test_an_advertisement_is_what_the_standard_says() -> None:
    own = bytes.fromhex("020000000001")
    packet = neighbour_advertisement(ipaddress.IPv6Address(VIP6), own)
    assert len(packet) == 40 + 32
    version, length, following, hops = struct.unpack_from("!IHBB", packet)
    assert (version >> 28, length, following, hops) == (6, 32, 58, 255)
    source, target, body = packet[8:24], packet[24:40], packet[40:]
    assert source == ipaddress.ip_address(VIP6).packed and target == ipaddress.ip_address("ff02::1").packed
    assert body[0] == 136 and body[4] == 0x20 and body[8:24] == source and body[24:] == b"\x02\x01" + own
    # A checksum is right if the whole sums up to nothing.
    assert checksum(source + target + struct.pack("!II", 32, 58) + body) == 0
