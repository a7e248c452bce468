"""What an agent without a lease says of itself, for `status`. One JSON form with the other agent's; times are seconds."""

from collections.abc import Sequence
from typing import Any, Optional

from ..core.observation import Orders
from .plan import Plan, Vip
from .state import CheckState, State, Units, VipState


def report(plan: Plan, addresses: Sequence[str], state: State, orders: Orders, degraded: "list[str]", now: int) -> "dict[str, Any]":
    """`now`: `mono`."""
    vips = [_vip(vip, address, one, now) for vip, address, one in zip(plan.vips, addresses, state.vips)]
    held = [vip.name for vip, one in zip(plan.vips, state.vips) if one.held]
    return {
        "agent": {
            "state": state_of(state),
            "since": (now - max(one.since for one in state.vips)) / 1000,
            "reason": f"has {', '.join(held)}" if held else "no VIP is here",
            "fault": fault_of(plan.vips, [one.reason if not one.fit else "" for one in state.vips]),
            "epoch": None,
            "version": plan.version,
            "leaseVersion": None,
            "degraded": degraded,
        },
        "vips": vips,
        "holdsVip": bool(held),
        "fit": all(one.fit for one in state.vips),
        "orders": orders_of(orders),
    }


def state_of(state: State) -> str:
    """`active`: a VIP is here."""
    if any(one.held for one in state.vips):
        return "active"
    return "standby" if any(one.fit for one in state.vips) else "unfit"


def fault_of(vips: Sequence[Vip], faults: Sequence[str]) -> Optional[str]:
    """Of all VIPs that this node refuses: once where it is the same one."""
    found = [(vip.name, fault) for vip, fault in zip(vips, faults) if fault]
    if not found:
        return None
    if len(found) == len(vips) and len({fault for _, fault in found}) == 1:
        return found[0][1]
    return "; ".join(f"{name}: {fault}" for name, fault in found)


def _vip(vip: Vip, address: str, one: VipState, now: int) -> "dict[str, Any]":
    return {
        "name": vip.name,
        "address": address,
        "holds": one.held,
        "since": (now - one.since) / 1000,
        "fit": one.fit,
        "less": one.less,
        "reason": one.reason or None,
        "preferred": vip.preferred,
        "checks": [_check(check.shown, found) for check, found in zip(vip.checks, one.checks)],
        "units": None if not vip.units else (one.units.value if one.units is not Units.UNKNOWN else "unknown"),
    }


def _check(shown: str, found: CheckState) -> "dict[str, Any]":
    return {"check": shown, "good": found.good, "words": found.words if found.good is False else None}


def orders_of(orders: Orders) -> "dict[str, Any]":
    return {
        "paused": orders.paused or None,
        "stopped": orders.stopped or None,
        "leave": orders.leave or None,
        "banned": orders.banned or None,
        "prefer": None,
        "work": None,
        "off": [],
    }
