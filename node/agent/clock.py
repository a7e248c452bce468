"""Times in whole milliseconds. None of these clocks is ever set; the time of day is used nowhere."""

import time


def boot_ms() -> int:
    """Since boot, with the time that the machine slept: for what must be over by now, come what may."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def awake_ms() -> int:
    """Since boot, without the time that the machine slept: for what this node itself has watched."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000_000
