"""A connector under test: its folder, its example connection, and its emulator on a street without sockets."""

import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import responses

from integrations import registry
from integrations.adapter import Access, Adapter, Incoming
from integrations.emulate import emulator_kinds, route
from integrations.emulation import Emulator, Request, World
from orders import clock

STREET = "http://street.test"
HOOK = "http://tower.test/hooks/x/y/"
TOYS = "tests.contract.street"
METHODS = (responses.GET, responses.POST, responses.PUT, responses.DELETE)
Answering = Callable[[Any], tuple[int, dict[str, str], bytes]]


@dataclass(frozen=True)
class Candidate:
    adapter: Adapter
    package: str

    @property
    def folder(self) -> Path:
        return Path(str(importlib.import_module(self.package).__file__)).parent

    @cached_property
    def example(self) -> dict[str, Any]:
        """`connection.json`, with the street's address in it."""
        text = (self.folder / "connection.json").read_text()
        found: dict[str, Any] = json.loads(text.replace("{street}", STREET))
        return found

    def can(self, capability: str) -> bool:
        """By its settings; where the example is missing by its word alone, so that one half folder stops no other."""
        if not (self.folder / "connection.json").is_file():
            return capability in self.adapter.capabilities
        return self.adapter.can(capability, self.example["settings"])

    def access(self, **settings: Any) -> Access:
        return Access(
            connection_id=1,
            base_url=self.example["base_url"],
            settings={**self.defaults, **self.example["settings"], **settings},
            secrets=self.example["secrets"],
            now=clock.now(),
            hook_url=HOOK,
        )

    @property
    def defaults(self) -> dict[str, Any]:
        """What the form of a connection fills in by itself."""
        return {field.name: field.default for field in self.adapter.fields if not field.secret and field.default != ""}

    @contextmanager
    def emulated(self) -> Iterator[Emulator]:
        """Its emulator behind STREET, with whatever else lives in its folder. Sockets are not used."""
        world = World()
        for kind in emulator_kinds([self.package.rpartition(".")[0]]).values():
            world.add(kind)
        with answered(lambda request: _routed(world, request)):
            yield world.emulators[self.adapter.name]


def candidates() -> list[Candidate]:
    """Every connector of the tower, and the toy shop. A folder is found by walking, as the registry does."""
    found = []
    for package_name in (*registry.PACKAGES, TOYS):
        package = importlib.import_module(package_name)
        for folder in pkgutil.iter_modules(package.__path__):
            if folder.ispkg:
                name = f"{package_name}.{folder.name}"
                found.append(Candidate(importlib.import_module(name).adapter, name))
    return found


@contextmanager
def answered(answer: Answering) -> Iterator[None]:
    """Every call to anywhere gets this answer."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in METHODS:
            mock.add_callback(method, re.compile(".*"), callback=answer)
        yield


def _routed(world: World, request: Any) -> tuple[int, dict[str, str], bytes]:
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    url = urlsplit(request.url)
    asked = Request(
        method=request.method, path=url.path, query_string=url.query, headers=dict(request.headers), body=body
    )
    answer = route(world, asked)
    return answer.status, {"Content-Type": answer.content_type, **answer.headers}, answer.body


def incoming(request: Request, **changes: Any) -> Incoming:
    """An emulator's request as the tower's webhook sees it."""
    values = {"method": request.method, "query_string": request.query_string, "headers": request.headers} | changes
    return Incoming(body=changes.pop("body", request.body), **{k: v for k, v in values.items() if k != "body"})
