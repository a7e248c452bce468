"""What others wrote, at random from a seed: a parser gives an answer or refuses in its own words, and has no defect."""

import json
import random
from typing import Any

import pytest
from agent.core.record import NoRecord, Record, decode, decode_epoch, encode
from agent.docker import Container, Docker, DockerError
from core_rig import record
from support.cases import cases

PIECES = ["", " ", "\n", "\0", "\x1b[2J", "\u202e", "0", "-1", "08", "9" * 30, "1e9", "Infinity", "..", "null", "{}", "[]"]


def bent(chance: random.Random, text: str) -> str:
    """A text with a few characters put in, taken out or doubled."""
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(text) + 1)
        how = chance.randrange(3)
        if how == 0:
            text = text[:at] + chance.choice(PIECES) + text[at:]
        elif how == 1:
            text = text[:at] + text[at + chance.randrange(1, 9) :]
        else:
            text = text[:at] + text[max(0, at - chance.randrange(50)) :]
    return text


def nasty(chance: random.Random) -> Any:
    return chance.choice([None, True, 0, -1, 2**70, float("inf"), float("nan"), "x", "", [], {}, [1], {"Pid": 1}])


def test_a_record_is_whole_or_none() -> None:
    for seed in cases():
        chance = random.Random(seed)
        good = record("a", chance.randrange(1, 10**6), chance.randrange(10**9))
        content = bent(chance, encode(good).decode()).encode()
        read = decode(content)
        assert isinstance(read, (Record, NoRecord)), seed
        # A record has a checksum: what was changed is none, but for what another writing of it would be.
        assert isinstance(read, NoRecord) or read == good, seed


def test_an_epoch_is_a_small_number_or_none() -> None:
    for seed in cases():
        epoch = decode_epoch(bent(random.Random(seed), "12345\n").encode())
        assert epoch is None or 0 <= epoch < 10**18, seed


class Told(Docker):
    """Docker that answers what a test says."""

    def __init__(self, body: bytes) -> None:
        super().__init__("/nowhere")
        self.body = body

    def request(self, *_args: Any, **_options: Any) -> "tuple[int, bytes]":
        return 200, self.body


def test_what_docker_says_of_a_container_is_one_or_an_error() -> None:
    for seed in cases():
        chance = random.Random(seed)
        state = {"Status": "running", "Pid": 5, "ExitCode": 0}
        told: dict[str, Any] = {"Id": "x", "State": state, "Image": "sha256:x"}
        place: dict[str, Any] = chance.choice([state, told])
        place[chance.choice(list(place))] = nasty(chance)
        text = json.dumps(nasty(chance) if chance.random() < 0.1 else told)
        try:
            found = Told(bent(chance, text).encode()).inspect("c", 1)
        except DockerError:
            continue
        assert found is None or isinstance(found, Container), seed


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b'{"State": {"Status": "x", "Pid": Infinity}}'])
def test_an_answer_that_takes_a_parsers_stack_is_an_error(body: bytes) -> None:
    with pytest.raises(DockerError):
        Told(body).inspect("c", 1)
