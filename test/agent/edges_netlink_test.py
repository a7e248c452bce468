"""Addresses by netlink, with real interfaces in a network namespace."""

import ipaddress
import select
import subprocess

from agent.netlink import Addresses
from support.namespaces import NEW_NETWORK, apart


def _ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)


def _changed(addresses: Addresses) -> bool:
    ready = select.select([addresses], [], [], 2)[0]
    addresses.collect()
    return bool(ready)


def test_an_address_that_comes_and_goes_is_told_at_once() -> None:
    def run() -> None:
        _ip("link add probe type veth peer name other")
        _ip("link set probe up")
        _ip("link set other up")
        vip, other = ipaddress.ip_address("192.0.2.10"), ipaddress.ip_address("192.0.2.11")
        _ip("addr add 192.0.2.11/24 dev probe")
        addresses = Addresses()
        assert addresses.has(other) and not addresses.has(vip)
        _ip("addr add 192.0.2.10/32 dev probe")
        assert _changed(addresses) and addresses.has(vip)
        _ip("addr del 192.0.2.10/32 dev probe")
        assert _changed(addresses) and not addresses.has(vip)
        _ip("addr add 192.0.2.10/32 dev probe")
        assert _changed(addresses) and addresses.has(vip)
        # All that it had goes with the interface.
        _ip("link del probe")
        assert _changed(addresses) and not addresses.has(vip) and not addresses.has(other)

    apart(NEW_NETWORK, run)


def test_an_address_of_version_6_counts_once_it_is_no_longer_tentative() -> None:
    def run() -> None:
        _ip("link add probe type veth peer name other")
        _ip("link set probe up")
        _ip("link set other up")
        vip = ipaddress.ip_address("2001:db8::10")
        addresses = Addresses()
        _ip("addr add 2001:db8::10/128 dev probe nodad")
        assert _changed(addresses) and addresses.has(vip)
        _ip("addr del 2001:db8::10/128 dev probe")
        assert _changed(addresses) and not addresses.has(vip)
        _ip("addr add 2001:db8::10/128 dev probe")
        seen = []
        for _ in range(20):
            seen.append(addresses.has(vip))
            if addresses.has(vip):
                break
            _changed(addresses)
        assert seen[-1]

    apart(NEW_NETWORK, run)


def test_nothing_is_missed_when_the_kernel_has_thrown_news_away() -> None:
    def run() -> None:
        _ip("link add probe type veth peer name other")
        _ip("link set probe up")
        _ip("link set other up")
        addresses = Addresses()
        batch = "".join(f"addr add 198.51.{i // 250}.{i % 250 + 1}/32 dev probe\n" for i in range(6000))
        subprocess.run(["ip", "-batch", "-"], input=batch.encode(), check=True)
        _changed(addresses)
        assert addresses.has(ipaddress.ip_address("198.51.23.250"))
        assert addresses.has(ipaddress.ip_address("198.51.0.1"))

    apart(NEW_NETWORK, run)
