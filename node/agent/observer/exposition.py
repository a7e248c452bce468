"""How metrics are written: the text format of Prometheus, which node_exporter's textfile collector reads, or OpenMetrics. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Union

Labels = Mapping[str, str]


class Family(NamedTuple):
    """One metric. `name` without the `_total` of a counter."""

    name: str
    kind: str
    """gauge, counter or histogram."""
    help: str
    samples: "Sequence[tuple[Labels, float | Histogram]]"


class Histogram(NamedTuple):
    """`counts`: one for each bound, and the last for what is above all; not added up."""

    bounds: "tuple[float, ...]"
    counts: "tuple[int, ...]"
    sum: float


def exposition(families: Sequence[Family], openmetrics: bool) -> str:
    """A family without samples is left out."""
    lines: list[str] = []
    for family in families:
        if not family.samples:
            continue
        counter = family.kind == "counter"
        named = family.name if openmetrics or not counter else f"{family.name}_total"
        lines += [f"# HELP {named} {_escaped(family.help)}", f"# TYPE {named} {family.kind}"]
        for labels, value in family.samples:
            if isinstance(value, Histogram):
                lines += _histogram(family.name, labels, value)
            else:
                lines.append(_sample(f"{family.name}_total" if counter else family.name, labels, value))
    return "".join(f"{line}\n" for line in [*lines, *(["# EOF"] if openmetrics else [])])


def _histogram(name: str, labels: Labels, value: Histogram) -> "list[str]":
    lines, total = [], 0
    for bound, count in zip((*value.bounds, math.inf), value.counts):
        total += count
        lines.append(_sample(f"{name}_bucket", {**labels, "le": _number(bound)}, total))
    return [*lines, _sample(f"{name}_sum", labels, value.sum), _sample(f"{name}_count", labels, total)]


def _sample(name: str, labels: Labels, value: Union[int, float]) -> str:
    told = ",".join(f'{key}="{_escaped(text, quotes=True)}"' for key, text in labels.items())
    return f"{name}{{{told}}} {_number(value)}" if told else f"{name} {_number(value)}"


def _number(value: Union[int, float]) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _escaped(text: str, quotes: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text
