"""How an agent without a lease is told what to do, and how its checks are asked: real processes, hostile answers."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from agent.address.asking import Named, Unit
from agent.address.commands import Command, TookTooLong
from agent.address.configuration import check_address
from agent.address.files import Told
from agent.address.plan import Check, Vip
from agent.address.setup import Asked
from agent.configuration import Refused
from agent.run_files import RunFiles
from support.units import wait_for


def _told(**changed: Any) -> "dict[str, Any]":
    vip = {"name": "web", "address": "192.0.2.10", "checks": [{"tcp": "127.0.0.1:80"}]}
    return {"workload": "address", "node": "web-1", "peers": ["web-2"], "address": "192.0.2.1", "vips": [vip], **changed}


def test_a_configuration_is_read_with_its_defaults() -> None:
    setup = check_address(_told(), "v1", "test")
    (vip,) = setup.plan.vips
    assert (vip.name, vip.preferred, vip.units, setup.vips) == ("web", True, (), ("192.0.2.10",))
    assert vip.checks == (Check("tcp 127.0.0.1:80", rise=2, fall=2, weight=0, patience=5_500),)
    assert setup.asked == ((Asked(tcp="127.0.0.1:80", every=500, timeout=2_000),),)


@pytest.mark.parametrize(
    ("vip", "words"),
    [
        ({"name": "Web"}, "`vips[0].name`"),
        ({"name": "../x"}, "`vips[0].name`"),
        ({"address": "192.0.2.10/24"}, "`vips[0].address`"),
        ({"units": ["nginx"]}, "`vips[0].units`"),
        ({"units": ["--now.service/x"]}, "`vips[0].units`"),
        ({"preferred": "yes"}, "`vips[0].preferred`"),
        ({"checks": [{"unit": "nginx.service", "tcp": "a:1"}]}, "`vips[0].checks[0].url`"),
        ({"checks": [{}]}, "`vips[0].checks[0].url`"),
        ({"checks": [{"process": "a/b"}]}, "`vips[0].checks[0].process`"),
        ({"checks": [{"tcp": "a:1", "weight": 254}]}, "`vips[0].checks[0].weight`"),
        ({"checks": [{"tcp": "a:1", "fall": 0}]}, "`vips[0].checks[0].fall`"),
        ({"checks": [{"tcp": "a:1", "what": 1}]}, "`vips[0].checks[0].what`"),
        ({"checks": 3}, "`vips[0].checks`"),
    ],
)
def test_what_is_wrong_with_a_vip_is_said_with_its_place(vip: "dict[str, Any]", words: str) -> None:
    told = _told()
    told["vips"][0] = {"name": "web", "address": "192.0.2.10", **vip}
    with pytest.raises(Refused) as refused:
        check_address(told, "v1", "test")
    assert words in str(refused.value)


def test_no_two_vips_are_alike_and_all_mistakes_are_said_at_once() -> None:
    vip = {"name": "web", "address": "192.0.2.10"}
    with pytest.raises(Refused) as refused:
        check_address(_told(vips=[vip, dict(vip)], peers=["no name"], timers={"holdOff": 0}), "v1", "test")
    assert len(refused.value.mistakes) == 4


def test_a_process_is_found_by_its_name_and_its_end_is_noticed_at_once(tmp_path: Path) -> None:
    shutil.copy("/bin/sleep", tmp_path / "ha-test-process")
    child = subprocess.Popen([str(tmp_path / "ha-test-process"), "60"])
    try:
        named = Named(Asked(process="ha-test-process"))
        # Its name comes a moment after its start.
        wait_for(lambda: named.ask() == "", 5)
        child.kill()
        begun = time.monotonic()
        named.ends.wait(5)
        assert time.monotonic() - begun < 1
        child.wait()
        assert named.ask() == "does not run"
    finally:
        child.kill()
        child.wait()


def test_a_unit_is_believed_as_long_as_its_process_lives(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f"#!/bin/sh\necho x >>{tmp_path}/asked\necho ActiveState=active\necho MainPID={child.pid}\n")
    systemctl.chmod(0o755)
    try:
        unit = Unit(Asked(unit="nginx.service"), str(systemctl))
        assert [unit.ask(), unit.ask(), unit.ask()] == ["", "", ""]
        assert (tmp_path / "asked").read_text() == "x\n"
    finally:
        child.kill()
        child.wait()
    systemctl.write_text("#!/bin/sh\necho ActiveState=failed\necho MainPID=0\n")
    assert unit.ask() == "is failed"
    systemctl.write_text("#!/bin/sh\nexit 4\n")
    with pytest.raises(OSError, match="ended with 4"):
        unit.ask()


def test_a_command_says_why_and_one_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    assert Command(Asked(command=("/bin/true",))).ask() == ""
    assert Command(Asked(command=("/bin/sh", "-c", "echo no space; exit 3"))).ask() == "ended with 3 (no space)"
    with pytest.raises(FileNotFoundError):
        Command(Asked(command=("/no/such/program",))).ask()
    started = tmp_path / "pid"
    hangs = Asked(command=("/bin/sh", "-c", f"sleep 60 & echo $! >{started}; wait"), timeout=300)
    with pytest.raises(TookTooLong, match=r"longer than 0\.3 s"):
        Command(hangs).ask()
    pid = int(started.read_text())
    for _ in range(50):
        if not os.path.exists(f"/proc/{pid}") or b"Z" in Path(f"/proc/{pid}/stat").read_bytes().split()[2]:
            return
        time.sleep(0.02)
    raise AssertionError("what it had started lives")


def test_one_check_that_hangs_keeps_no_other_one_waiting(tmp_path: Path) -> None:
    told = _told()
    told["vips"][0]["checks"] = [
        {"command": ["/bin/sleep", "60"], "timeout": 60_000},
        {"command": ["/bin/true"], "every": 100},
        {"process": "ha-test-none", "onHolder": True, "every": 100},
    ]
    (tmp_path / "running.json").write_text(json.dumps(told))
    code = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../node/agent"))
    line = [sys.executable, "-I", "-S", "-B", code, "checks", "--run", str(tmp_path)]
    child = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin and child.stdout
    try:
        first = [json.loads(child.stdout.readline()) for _ in range(3)]
        assert {answer["check"] for answer in first} == {1}
        child.stdin.write(b'{"held": [0]}\n')
        child.stdin.flush()
        answers = [json.loads(child.stdout.readline()) for _ in range(6)]
        on_holder = next(answer for answer in answers if answer["check"] == 2)
        assert on_holder == {"vip": 0, "check": 2, "good": False, "words": "does not run"}
        # It ends with the agent.
        child.stdin.close()
        assert child.wait(5) == 0
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()


def test_what_keepalived_was_told_is_found_again_and_never_empty(tmp_path: Path) -> None:
    vip = Vip("web", (Check("uplink", weight=30),))
    files = RunFiles(str(tmp_path))
    told = Told(files, vip)
    assert (told.fit, told.less) == (False, 0)
    assert told.tell(True, 30)
    again = Told(files, vip)
    assert (again.fit, again.less) == (True, 30)
    for content in (b"", b"garbage that is long\n"):
        (tmp_path / "weight-web").write_bytes(content)
        assert again.repeat()
        assert (tmp_path / "weight-web").read_bytes() == b"  0\n" or again.less == 30
    (tmp_path / "weight-web").unlink()
    os.mkfifo(tmp_path / "weight-web")
    assert again.repeat()
    assert (tmp_path / "weight-web").read_bytes() == b" 30\n"
