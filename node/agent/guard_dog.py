"""The watchdog as the agent uses it: which device, kept over restarts, and what to do with one that cannot be stopped."""

from typing import Optional

from .clock import awake_ms
from .core.observation import WatchdogView
from .core.settings import WatchdogMode
from .systemd import Manager
from .watchdog import Ioctl, Watchdog, devices, ioctl

#: The name that the descriptor has while the service manager keeps it; behind it the device's path, `/` as `-`.
_NAME = "watchdog"
#: Milliseconds between two looks for a device: a driver may be loaded later.
_SELDOM = 5_000


class GuardDog:
    """`limit`: the setting `watchdog`, milliseconds. `kept`: descriptors that an earlier agent left;
    `owner`: whether that one had the lease."""

    def __init__(
        self,
        pattern: str,
        mode: WatchdogMode,
        limit: int,
        manager: Manager,
        kept: "dict[str, int]",
        owner: bool,
        call: Ioctl = ioctl,
    ) -> None:
        self._pattern = pattern
        self._mode = mode
        self._limit = limit
        self._manager = manager
        self._call = call
        self._device: Optional[Watchdog] = None
        self._unstoppable = bool(kept) and not owner
        self._words = ""
        self._there = False  # whether there was a device when it was last looked
        self._looked = -_SELDOM
        for name, fd in kept.items():
            if name.startswith(_NAME):
                path = "/dev/" + name[len(_NAME) + 1 :]
                self._device = Watchdog(path, limit, fd, call)

    def view(self) -> WatchdogView:
        if self._mode is WatchdogMode.OFF:
            return WatchdogView(words="switched off")
        if self._device and not self._unstoppable:
            return WatchdogView(True, True, self._device.path)
        if awake_ms() - self._looked >= _SELDOM:
            self._looked, self._there = awake_ms(), bool(devices(self._pattern))
        available = (self._device is not None or self._there) and not self._words
        return WatchdogView(available, False, self._words or ("" if available else "this node has no watchdog device"))

    def arm(self, left: int) -> None:
        """Opens the first device that can be had, hardware first."""
        if self._mode is WatchdogMode.OFF:
            return
        self._words = ""
        for path in devices(self._pattern) if self._device is None else ():
            try:
                self._device = Watchdog(path, self._limit, None, self._call)
            except OSError as error:
                self._words = f"{path}: {error.strerror or error} (`fuser -v {path}` names who has it)"
                continue
            self._words = ""
            self._manager.keep(f"{_NAME}-{path.rsplit('/', 1)[-1]}", self._device.fd)
            break
        self._unstoppable = False
        self.feed(left)

    def feed(self, left: int) -> None:
        if self._device and not self._unstoppable:
            self._device.feed(left)

    def disarm(self) -> None:
        """After a stop that succeeded."""
        if self._device is None:
            return
        name = f"{_NAME}-{self._device.path.rsplit('/', 1)[-1]}"
        if self._device.disarm():
            self._device = None
            self._manager.forget(name)
        else:
            self._unstoppable = True

    def idle(self) -> None:
        """A device that lets nobody stop it is fed as long as this node has nothing to write."""
        if self._device and self._unstoppable:
            self._device.feed(self._limit)
