"""Our signatures are the published ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from integrations.platforms import douyin
from integrations.platforms.douyin import signing

VECTORS = json.loads((Path(douyin.__file__).parent / "samples" / "signing.json").read_text())
KEY, SECRET = VECTORS["app_key"], VECTORS["secret"]


@pytest.mark.parametrize("method", signing.METHODS)
@pytest.mark.parametrize("vector", VECTORS["calls"], ids=lambda vector: vector["name"])
def test_a_call_is_signed_as_the_official_sdk_signs_it(vector: dict[str, Any], method: str) -> None:
    text = signing.written(vector["parameters"])
    assert text == vector["param_json"]
    found = signing.sign(vector["method"], text, VECTORS["timestamp"], app_key=KEY, secret=SECRET, sign_method=method)
    assert found == vector["signs"][method]


@pytest.mark.parametrize("method", signing.METHODS)
@pytest.mark.parametrize("vector", VECTORS["pushes"], ids=lambda vector: vector["name"])
def test_a_push_is_signed_over_its_raw_bytes(vector: dict[str, Any], method: str) -> None:
    body = vector["body"].encode()
    assert signing.sign_push(body, app_key=KEY, secret=SECRET, sign_method=method) == vector["signs"][method]
    changed = body.replace(b"{", b"{ ", 1)
    assert signing.sign_push(changed, app_key=KEY, secret=SECRET, sign_method=method) != vector["signs"][method]


def test_keys_are_sorted_at_every_level_and_lists_keep_their_order() -> None:
    assert signing.written({"b": [{"z": 1, "a": None}, 2], "a": {}}) == '{"a":{},"b":[{"a":null,"z":1},2]}'
    assert signing.written({}) == "{}"


@pytest.mark.parametrize("unsayable", [float("nan"), float("inf"), "\ud800"])
def test_what_json_cannot_say_is_not_signed(unsayable: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        signing.written({"a": unsayable})


def test_another_method_is_no_method() -> None:
    with pytest.raises(ValueError, match="unknown sign_method"):
        signing.sign("order.searchList", "{}", "1", app_key=KEY, secret=SECRET, sign_method="sha1")
