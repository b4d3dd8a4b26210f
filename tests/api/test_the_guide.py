"""`docs/how-to/integrate.md`: every command in it works as it stands, from top to bottom."""

import json
import re
import shlex
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from orders.lifecycle import CauseKind, LabelState, Role
from orders.models import Hold, Label, Order, Parcel
from orders.services.keys import ALL_SCOPES, create_key
from orders.services.labels import waybill_issued
from orders.vocabulary import Cause
from tests.api.conftest import Caller, World

GUIDE = settings.BASE_DIR / "docs" / "how-to" / "integrate.md"
TOWER = "http://localhost:8000"


def commands() -> list[list[str]]:
    """The words of every curl line, as a shell would split them; `$NAME` stays for later."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ")
    found = [shlex.split(line) for line in re.split(r"\n(?=curl |export )", lines) if line.strip()]
    return [words for words in found if words[0] == "curl"]


def run(caller: Caller, words: list[str], names: dict[str, Any]) -> Any:
    """What curl would do: only the options that the guide uses, any other fails here."""
    method, headers, body, url = "GET", {}, None, ""
    rest = iter([re.sub(r"\$([A-Z]+)", lambda match: str(names[match[1]]), word) for word in words[1:]])
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(rest)
        elif word != "-s":
            assert word.startswith(TOWER), word
            url = word.removeprefix(TOWER)
    assert headers["Authorization"] == f"Bearer {names['KEY']}"
    assert (body is None) == (method == "GET")
    assert urlsplit(url).path.endswith("/")
    if body is None:
        return Caller(headers).get(url)
    assert headers.pop("Content-Type") == "application/json"
    data = json.loads(body)
    if "shop" in data:
        data["shop"] = names["SHOP"]
    return Caller(headers).post(url, data)


def gets_its_label(world: World, order: Order) -> Parcel:
    """What the seller's people and the courier do between the guide's chapters."""
    [parcel] = Parcel.objects.filter(lines__order_line__order=order)
    packed = world.as_a(Role.WAREHOUSE_LEAD).post(f"parcels/{parcel.pk}/moves/", {"move": "pack"})
    assert packed.status_code == 200, packed.content
    world.as_a(Role.SHIPPER).post(f"parcels/{parcel.pk}/waybill/", {"carrier": "sf"})
    label = Label.objects.get(parcel=parcel)
    waybill_issued(label.pk, carrier="sf", waybill="SF1", cause=Cause(kind=CauseKind.SYSTEM))
    return parcel


def test_every_command_of_the_guide_works(world: World) -> None:
    _, key = create_key(world.company, "店小蜜", scopes=ALL_SCOPES)
    names: dict[str, Any] = {"TOWER": TOWER, "KEY": key, "SHOP": world.shop.pk}
    answers = []
    for words in commands():
        url = next(word for word in words if word.startswith("$TOWER"))
        if "$PARCEL" in url and "PARCEL" not in names:
            names["PARCEL"] = gets_its_label(world, Order.objects.get()).pk
        answer = run(world.program, words, names)
        answers.append((answer.status_code, url.partition("?")[0].removeprefix("$TOWER/api/v1/")))
        if answer.status_code == 201 and answer.json().get("granted"):
            names["GRANT"] = answer.json()["id"]
        if url.endswith("/orders/"):
            names["ORDER"] = answer.json()["id"]
        if url.endswith("/events/"):
            assert [result["code"] for result in answer.json()["results"]] == ["done"]
            assert Order.objects.get().state == "to_pick"
        if "state=open" in url:
            assert [hold["reason"] for hold in answer.json()["results"]] == ["duplicate_print"]
        if "held=true" in url or "updated_after" in url:
            assert len(answer.json()["results"]) <= 1
    assert answers == [
        (200, "shops/"),
        (201, "orders/"),
        (200, "events/"),
        (200, "orders/"),
        (201, "parcels/$PARCEL/print-requests/"),
        (200, "print-requests/$GRANT/result/"),
        (409, "parcels/$PARCEL/print-requests/"),
        (200, "holds/"),
        (200, "orders/"),
        (201, "orders/$ORDER/holds/"),
        (200, "orders/$ORDER/timeline/"),
        (200, "kpis/"),
    ]
    assert Label.objects.get().state == LabelState.PRINTED
    assert Hold.objects.count() == 2
