"""The published examples decide whether we sign as JD does; the emulator's own code is held to them too."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations.platforms import jd
from integrations.platforms.jd import signing
from integrations.platforms.jd.emulator_gateway import Gate, Grant

VECTORS = json.loads((Path(jd.__file__).parent / "samples" / "signing.json").read_text())


def named(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["calls"], ids=named)
def test_a_call_is_signed_as_the_published_example(vector: dict[str, Any]) -> None:
    assert signing.sign(vector["parameters"], vector["secret"]) == vector["sign"]
    assert signing.sign({**vector["parameters"], "sign": "old"}, vector["secret"]) == vector["sign"]


@pytest.mark.parametrize("vector", VECTORS["calls"], ids=named)
def test_the_emulator_agrees_with_the_published_example_by_code_of_its_own(vector: dict[str, Any]) -> None:
    grant = Grant("t", "r", datetime(2026, 3, 5, tzinfo=UTC), timedelta(days=1))
    gate = Gate("yourappkey", vector["secret"], grant, random.Random(1))
    assert gate.digest(vector["parameters"]) == vector["sign"]
