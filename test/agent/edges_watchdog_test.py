"""The watchdog device, with a file in its place and its calls recorded: this machine has none that could be let loose."""

import errno
import fcntl
import os
import struct
from pathlib import Path

import pytest
from agent.core.settings import WatchdogMode
from agent.guard_dog import GuardDog
from agent.systemd import Manager
from agent.watchdog import Watchdog, devices

SET_TIMEOUT, KEEP_ALIVE, GET_SUPPORT = 0xC0045706, 0x80045705, 0x80285700


class Device:
    """What the kernel does for a device: linux/watchdog.h."""

    def __init__(self, magic_close: bool = True, least: int = 1) -> None:
        self.timeout = 60
        self.fed: list[int] = []
        self.magic_close, self.least = magic_close, least

    def call(self, fd: int, request: int, argument: bytes) -> bytes:
        del fd
        if request == SET_TIMEOUT:
            asked = struct.unpack("i", argument)[0]
            if asked < 1:
                raise OSError(errno.EINVAL, "Invalid argument")
            self.timeout = max(asked, self.least)
            return struct.pack("i", self.timeout)
        if request == KEEP_ALIVE:
            self.fed.append(self.timeout)
            return argument
        assert request == GET_SUPPORT
        return struct.pack("II32s", 0x0100 if self.magic_close else 0, 0, b"")


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "watchdog0").touch()
    return str(tmp_path / "watchdog0")


def test_it_resets_in_the_time_of_the_setting_and_not_later(path: str) -> None:
    device = Device()
    dog = Watchdog(path, 10_900, None, device.call)
    assert device.timeout == 10
    assert dog.feed(9_999) and device.fed == [9]


def test_a_confirmation_that_was_long_in_coming_feeds_it_with_less(path: str) -> None:
    device = Device()
    dog = Watchdog(path, 10_000, None, device.call)
    for left in (9_700, 4_200, 9_600):
        assert dog.feed(left)
    assert device.fed == [9, 4, 9]
    assert not dog.feed(900) and not dog.feed(-1) and len(device.fed) == 3


def test_a_device_that_would_reset_later_is_not_used(path: str) -> None:
    with pytest.raises(OSError, match="cannot be set to 10 s"):
        Watchdog(path, 10_000, None, Device(least=30).call)


def test_a_device_that_takes_no_such_short_time_is_not_fed(path: str) -> None:
    device = Device(least=5)
    dog = Watchdog(path, 10_000, None, device.call)
    assert not dog.feed(3_000)
    assert dog.feed(9_500) and device.fed == [9]


def test_it_is_disarmed_by_the_magic_word_only(path: str) -> None:
    dog = Watchdog(path, 10_000, None, Device().call)
    assert Path(path).read_bytes() == b""
    assert dog.disarm()
    assert Path(path).read_bytes().startswith(b"V")


def test_one_that_nobody_can_stop_stays_open_and_is_fed_while_there_is_nothing_to_write(path: str, tmp_path: Path) -> None:
    device = Device(magic_close=False)
    dog = GuardDog(f"{tmp_path}/watchdog[0-9]*", WatchdogMode.REQUIRED, 10_000, Manager({}), {}, False, device.call)
    assert dog.view().available and not dog.view().armed
    dog.arm(9_500)
    assert dog.view().armed
    dog.idle()
    assert len(device.fed) == 1
    dog.disarm()
    assert not dog.view().armed and dog.view().available
    dog.idle()
    assert len(device.fed) == 2
    dog.arm(9_500)
    assert dog.view().armed and len(device.fed) == 3


def test_hardware_comes_before_the_kernels_own(tmp_path: Path) -> None:
    for name, identity in (("watchdog0", "Software Watchdog"), ("watchdog1", "i6300ESB timer")):
        (tmp_path / name).touch()
        (tmp_path / "sys" / name).mkdir(parents=True)
        (tmp_path / "sys" / name / "identity").write_text(f"{identity}\n")
    found = devices(f"{tmp_path}/watchdog[0-9]*", str(tmp_path / "sys"))
    assert [os.path.basename(each) for each in found] == ["watchdog1", "watchdog0"]


def test_where_one_is_held_by_another_program_it_says_who_to_ask(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(name: str, *_: object) -> int:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), name)

    monkeypatch.setattr(os, "open", busy)
    dog = GuardDog(f"{tmp_path}/watchdog[0-9]*", WatchdogMode.REQUIRED, 10_000, Manager({}), {}, False, Device().call)
    dog.arm(9_500)
    view = dog.view()
    assert not view.armed and not view.available and f"fuser -v {path}" in view.words


def test_switched_off_it_touches_no_device(path: str, tmp_path: Path) -> None:
    device = Device()
    dog = GuardDog(f"{tmp_path}/watchdog[0-9]*", WatchdogMode.OFF, 10_000, Manager({}), {}, False, device.call)
    dog.arm(9_500)
    dog.feed(9_500)
    assert not dog.view().armed and not dog.view().available and device.fed == []


def test_an_agent_that_takes_over_goes_on_with_the_same_descriptor(path: str) -> None:
    device = Device()
    first = Watchdog(path, 10_000, None, device.call)
    kept = os.dup(first.fd)
    dog = GuardDog("/none*", WatchdogMode.REQUIRED, 10_000, Manager({}), {"watchdog-watchdog0": kept}, True, device.call)
    assert dog.view().armed
    # Not fed by the start of an agent.
    assert device.fed == []
    dog.feed(5_500)
    assert device.fed == [5]
    assert fcntl.fcntl(kept, fcntl.F_GETFD) >= 0
