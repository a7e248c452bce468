"""No test can restart this machine, whatever it does: the processes have no right to. And what many tests share."""

import ctypes
from collections.abc import Iterator

import pytest
from support.world import World, running

_PR_CAPBSET_DROP = 24
_CAP_SYS_BOOT = 22
_LINUX_CAPABILITY_VERSION_3 = 0x20080522


def _give_up_the_right_to_reboot() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    # Programs that are started do not get it back, ...
    libc.prctl(_PR_CAPBSET_DROP, _CAP_SYS_BOOT, 0, 0, 0)
    # ... and this process does not have it: capget, without the bit, capset (capabilities(7)).
    header = (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    if libc.capget(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    for i in range(3):
        data[i] &= ~(1 << _CAP_SYS_BOOT)
    if libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


_give_up_the_right_to_reboot()


@pytest.fixture
def world() -> Iterator[World]:
    with running() as made:
        yield made
