"""Reads the configuration of an agent without a lease (JSON), checks it, and says all mistakes at once.

{"workload": "address", "node": "web-1", "peers": ["web-2"],
 "address": "192.168.56.11",                  where questions to 127.0.0.1 are asked
 "vips": [{"name": "web", "address": "192.168.56.10", "preferred": true,
           "checks": [{"url": "http://127.0.0.1:80/", "status": [200]}],
                                              also {"tcp": "127.0.0.1:80"}, {"unit": "nginx.service"},
                                              {"process": "nginx"}, {"command": ["/usr/local/bin/fit"]};
                                              with each "every", "timeout", "rise", "fall", "weight", "onHolder"
           "units": ["openvpn.service"]}],    started where the VIP is, stopped elsewhere
 "timers": {"holdOff": 60000}}                any number of `Plan`, milliseconds
"""

import ipaddress
from typing import Any

from ..configuration import Refused
from ..reader import Reader
from ..setup import paths_in
from .plan import Check, Plan, Vip
from .setup import AddressSetup, Asked

WORKLOAD = "address"
#: As domain/keepalived-conf.ts names instances and files by it.
_NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_NODE = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}"
_UNIT = r"[A-Za-z0-9:_.@\\-]{1,200}\.(service|socket|target|timer|path|mount)"
_ADDRESS = r"[0-9a-fA-F:.]+"
_MOST_VIPS, _MOST_CHECKS, _MOST_UNITS = 20, 8, 8
#: Milliseconds that an answer may be late, on a busy node.
_LATE = 3_000


def is_address(told: Any) -> bool:
    """Whether a configuration is one of an agent without a lease."""
    return isinstance(told, dict) and told.get("workload") == WORKLOAD


def check_address(told: Any, version: str, source: str) -> AddressSetup:
    """`source`: for messages. Raises Refused."""
    found: list[str] = []
    top = Reader(told, "", found)
    top.text("workload", WORKLOAD)
    node, peers = top.text("node", _NODE), top.texts("peers", _NODE)
    address = top.text("address", _ADDRESS)
    vips, addresses, asked = _vips(top)
    plan = _timers(top.part("timers"), Plan(node, version, vips, peers))
    paths = paths_in(top.part("paths"))
    top.end()
    for name, value in (("address", address), *((f"vips[{i}].address", one) for i, one in enumerate(addresses))):
        try:
            ipaddress.ip_address(value)
        except ValueError:
            found.append(f"`{name}` is '{value}', and must be an address without a prefix")
    for name, values in (("name", [vip.name for vip in vips]), ("address", addresses)):
        if len(set(values)) < len(values):
            found.append(f"`vips` has a {name} twice")
    if found:
        raise Refused(found, source)
    return AddressSetup(plan, addresses, asked, address, paths)


def _vips(top: Reader) -> "tuple[tuple[Vip, ...], tuple[str, ...], tuple[tuple[Asked, ...], ...]]":
    told = top.rest.pop("vips", None)
    if not isinstance(told, list) or not 1 <= len(told) <= _MOST_VIPS:
        top.wrong("vips", f"must be a list of one to {_MOST_VIPS} VIPs")
        return (), (), ()
    vips, addresses, asked = [], [], []
    for number, one in enumerate(told):
        part = Reader(one, f"vips[{number}].", top.found)
        checks = _checks(part)
        vips.append(
            Vip(
                name=part.text("name", _NAME),
                checks=tuple(check for check, _ in checks),
                units=part.texts("units", _UNIT)[:_MOST_UNITS],
                preferred=part.truth("preferred", True),
            )
        )
        addresses.append(part.text("address", _ADDRESS))
        asked.append(tuple(how for _, how in checks))
        part.end()
    return tuple(vips), tuple(addresses), tuple(asked)


def _checks(vip: Reader) -> "list[tuple[Check, Asked]]":
    told = vip.rest.pop("checks", [])
    if not isinstance(told, list) or len(told) > _MOST_CHECKS:
        vip.wrong("checks", f"must be a list of at most {_MOST_CHECKS} checks")
        return []
    return [_check(Reader(one, f"{vip.where}checks[{number}].", vip.found)) for number, one in enumerate(told)]


def _check(part: Reader) -> "tuple[Check, Asked]":
    standard, plain = Asked(), Check("")
    is_page = "url" in part.rest
    asked = Asked(
        url=part.text("url", r"https?://[!-~]+") if is_page else "",
        status=part.statuses("status") if is_page else (),
        tcp=part.text("tcp", r"[0-9A-Za-z.:\[\]-]+:[0-9]{1,5}") if "tcp" in part.rest else "",
        unit=part.text("unit", _UNIT) if "unit" in part.rest else "",
        process=part.text("process", r"[^\x00-\x1f/]{1,15}") if "process" in part.rest else "",
        command=part.texts("command", r"[^\x00]*"),
        on_holder=part.truth("onHolder", False),
        every=part.whole("every", 100, 3_600_000, standard.every),
        timeout=part.whole("timeout", 100, 60_000, standard.timeout),
    )
    check = plain._replace(
        rise=part.whole("rise", 1, 100, plain.rise),
        fall=part.whole("fall", 1, 100, plain.fall),
        weight=part.whole("weight", 0, 253, 0),
        on_holder=asked.on_holder,
        patience=asked.every + asked.timeout + _LATE,
    )
    if sum(map(bool, (asked.url, asked.tcp, asked.unit, asked.process, asked.command))) != 1:
        part.wrong("url", "or `tcp`, `unit`, `process` or `command` must be given, and only one of them")
        return check, asked
    part.end()
    return check._replace(shown=asked.shown), asked


def _timers(part: Reader, plan: Plan) -> Plan:
    plan = plan._replace(
        let_first=part.whole("letFirst", 0, 86_400_000, plan.let_first),
        hold_off=part.whole("holdOff", 1, 86_400_000, plan.hold_off),
        start_limit=part.whole("startLimit", 1, 86_400_000, plan.start_limit),
    )
    part.end()
    return plan
