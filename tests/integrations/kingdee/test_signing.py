"""The published examples come out exactly, and what cannot be signed says so."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from integrations.erp import kingdee
from integrations.erp.kingdee import signing

VECTORS = json.loads((Path(kingdee.__file__).parent / "samples" / "signing.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["headers"], ids=lambda vector: vector["name"])
def test_the_headers_of_the_official_sdk_come_out(vector: dict[str, Any]) -> None:
    assert signing.client_secret(vector["app_id"]) == vector["client_secret"]
    path = signing.path_of(vector["url"])
    told = {name: vector[name] for name in ("timestamp", "nonce")}
    assert signing.string_to_sign(path, **told) == vector["string_to_sign"]
    found = signing.headers(
        vector["url"],
        app_id=vector["app_id"],
        app_secret=vector["app_secret"],
        app_data=vector["app_data"],
        **told,
    )
    for name in ("X-Api-Signature", "X-Kd-Appdata", "X-Kd-Signature"):
        assert found[name] == vector[name]
    assert found["X-Api-ClientID"] == "200001"
    assert found["X-Kd-Appkey"] == vector["app_id"]
    assert found["X-Api-Auth-Version"] == "2.0"
    assert found["x-api-signheaders"] == "x-api-timestamp,x-api-nonce"
    assert (found["x-api-timestamp"], found["x-api-nonce"]) == (vector["timestamp"], vector["nonce"])


@pytest.mark.parametrize("vector", VECTORS["logins"], ids=lambda vector: vector["name"])
def test_the_signed_login_comes_out(vector: dict[str, Any]) -> None:
    words = {name: vector[name] for name in ("acct_id", "user", "app_id", "app_secret", "timestamp")}
    assert signing.login_sign(**words) == vector["sign"]


def test_the_signature_is_base64_of_the_hexadecimal_text() -> None:
    [vector] = VECTORS["headers"]
    inside = base64.b64decode(vector["X-Api-Signature"]).decode()
    assert len(inside) == 64
    expected = hmac.new(vector["client_secret"].encode(), vector["string_to_sign"].encode(), hashlib.sha256)
    assert inside == expected.hexdigest()


def test_an_app_id_without_a_hidden_secret_signs_with_none() -> None:
    assert signing.client_secret("200001_short") == ""
    assert signing.client_secret("200001") == ""


@pytest.mark.parametrize(
    ("app_id", "code"),
    [
        ("200001_" + "*" * 32, signing.XOR_CODE),
        ("200001_U19bQBRcVRoXWUVWRh5TXQ9fFAgETk==", signing.XOR_CODE),
        ("200001_U19bQBRcVRoXWUVWRh5TXQ9fFAgETkkC", "short"),
    ],
)
def test_a_secret_that_cannot_be_unwrapped_is_an_error(app_id: str, code: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        signing.client_secret(app_id, code)


def test_another_xor_code_hides_another_secret() -> None:
    app_id = VECTORS["headers"][0]["app_id"]
    assert signing.client_secret(app_id, "x" * 32) != signing.client_secret(app_id)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://demo.ik3cloud.example/k3cloud/A.common.kdsvc", "/k3cloud/A.common.kdsvc"),
        ("http://erp/K3Cloud/A.common.kdsvc", "/K3Cloud/A.common.kdsvc"),
        ("http://10.0.0.5:8080/K3Cloud/A.common.kdsvc", "/K3Cloud/A.common.kdsvc"),
        ("https://erp", ""),
    ],
)
def test_the_path_begins_behind_the_host(url: str, path: str) -> None:
    assert signing.path_of(url) == path
