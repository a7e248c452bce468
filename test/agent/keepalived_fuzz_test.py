"""What keepalived, nft and the notes of their scripts say on a node, at random from a seed: read as far as it has its form."""

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from agent import keepalived_view as view
from agent.asked import Question
from parsers_fuzz_test import PIECES, bent
from support.cases import cases

PEERS = "VIP='192.168.56.10'\nPEERS='192.168.56.12 fd00:56::12'\nHEARD='1'\n"
SAID = (
    "active",
    "Keepalived v2.2.8 (04/04,2023), git commit v2.2.7-154\n",
    "table inet ha_rancher { set heard4 { elements = { 192.168.56.12 expires 1s } } }",
    "table inet ha_rancher { set heard6 { elements = { fd00:56::12 expires 1s } } }",
)
STATES = {"MASTER", "BACKUP", "FAULT", "STOPPED", "INIT", None}


def _answer_to(command: "Sequence[str]") -> str:
    return SAID[1 if "--version" in command else 2 if "heard4" in command else 3 if "heard6" in command else 0]


def _text(chance: random.Random, good: str) -> str:
    """A good text with some of it changed, or anything."""
    how = chance.random()
    return good if how < 0.3 else bent(chance, good) if how < 0.8 else chance.choice([*PIECES, "x" * 100_000, "\ud800", "PEERS='"])


def _write(path: Path, text: str, chance: random.Random) -> None:
    path.unlink(missing_ok=True)
    how = chance.random()
    if how < 0.05:
        path.symlink_to("/etc/hostname")
    elif how > 0.1:
        path.write_bytes(text.encode("utf-8", "surrogatepass"))


def test_a_view_has_its_form_whatever_is_said_and_lies_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {name: tmp_path / name for name in ("vrrp", "keepalived-version", "conf", "facts", "maintenance")}
    seen = set()
    for seed in cases():
        chance = random.Random(seed)
        good = {"vrrp": "MASTER 10.00 77\n", "keepalived-version": "Keepalived v2.2.8", "facts": PEERS, "maintenance": "1"}
        for name, path in files.items():
            _write(path, _text(chance, good.get(name, "# ha-rancher 0123456789abcdef 0123456789abcdef\nvrrp {}\n")), chance)
        answers = {text: None if chance.random() < 0.1 else _text(chance, text) for text in SAID}

        def told(_limit: float, *questions: Question, _answers: "dict[str, str | None]" = answers) -> "list[str | None]":
            return [_answers[_answer_to(question.command)] for question in questions]

        monkeypatch.setattr(view, "said", told)
        conf, facts, maintenance = (str(files[name]) for name in ("conf", "facts", "maintenance"))
        state, rest = view.keepalived_view(str(tmp_path), conf, facts, "systemctl", maintenance)
        seen.add(state)
        assert state in STATES, seed
        assert rest["version"] is None or re.fullmatch(r"[0-9.]+", rest["version"]), seed
        assert rest["since"] is None or isinstance(rest["since"], int), seed
        assert rest["settings"] is None or re.fullmatch(r"[0-9a-f]{16}", rest["settings"]), seed
        assert rest["edited"] in (True, False) and rest["maintenance"] in (True, False), seed
        assert set(rest["heard"] or []) <= set(rest["peers"]), seed
        told_to_all = json.dumps([state, rest])
        assert len(told_to_all) < 70_000 and json.loads(told_to_all)[0] == state, seed
    assert {"MASTER", "INIT", None} <= seen, seen
