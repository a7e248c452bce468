"""When an X.509 certificate ends. Python's `ssl` tells that of one that it verifies, and a service often signs its own."""

import calendar
import time

_SEQUENCE, _VERSION, _UTC, _GENERALIZED = 0x30, 0xA0, 0x17, 0x18


def end_of(der: bytes) -> float:
    """`notAfter`, seconds since 1970 (RFC 5280, 4.1). Raises ValueError for what is no certificate."""
    _, certificate, _ = _part(der, _SEQUENCE)
    _, inner, _ = _part(certificate, _SEQUENCE)
    rest = inner
    if rest[:1] == bytes((_VERSION,)):
        _, _, rest = _part(rest)
    # serialNumber, signature, issuer
    for _ in range(3):
        _, _, rest = _part(rest)
    _, validity, _ = _part(rest, _SEQUENCE)
    _, _, rest = _part(validity)
    kind, told, _ = _part(rest)
    return _time(kind, told)


def _time(kind: int, told: bytes) -> float:
    text = told.decode("ascii", "replace")
    if kind == _UTC:
        # Of 1950 to 2049.
        text = ("20" if text[:2] < "50" else "19") + text
    elif kind != _GENERALIZED:
        raise ValueError("its end is no time")
    return float(calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ")))


def _part(der: bytes, wanted: int = -1) -> "tuple[int, bytes, bytes]":
    """The first element: tag, content, and what comes after it."""
    if len(der) < 2 or (wanted >= 0 and der[0] != wanted):
        raise ValueError("it is no certificate")
    length, start = der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    if length > len(der) - start or start > 6:
        raise ValueError("it is cut off")
    return der[0], der[start : start + length], der[start + length :]
