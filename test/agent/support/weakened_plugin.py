"""For pytest: the core without one of its rules, whose name is in WEAKENED."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from proof.simulation.weakenings import weakened


@pytest.fixture(autouse=True)
def without_the_rule() -> Iterator[None]:
    with weakened(os.environ["WEAKENED"]):
        yield
