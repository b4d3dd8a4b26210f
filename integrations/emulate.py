"""The host of all emulators: one process, one port, each emulator under its own path.

    /                          the street: a list for people
    /<name>/…                  the protocol itself, answered by the emulator
    /<name>/_page              what that system has seen, for people; renews itself every three seconds
    /<name>/_journal           {"entries": […], "last": seq}; `?kind=` and `?after=<seq>` narrow it
    /<name>/_control/<command> POST a JSON object: a test's or a demo's hand

The host only routes. Misbehaviour is the emulator's own decision, and no database is needed here.
"""

import importlib
import importlib.util
import json
import logging
import pkgutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from html import escape
from http.client import responses
from pathlib import Path
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

from requests.structures import CaseInsensitiveDict
from waitress import create_server, wasyncore

from integrations.emulation import Answer, Emulator, Request, World, json_answer
from orders import clock

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
PUSHERS = 8
LARGEST_REQUEST = 16 * 1024 * 1024


def build_world(
    packages: Iterable[str],
    *,
    journal_dir: Path | None = None,
    seed: int = 1,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    faults: Mapping[str, Mapping[str, Any]] | None = None,
) -> World:
    """A world with every emulator found under `packages`, such as `integrations.platforms`.

    A folder that cannot be imported stops start-up. `ValueError` where `options` or `faults` speak of an emulator
    that does not exist, or where two folders claim one name.
    """
    world = World(journal_dir=journal_dir, seed=seed)
    options, faults = options or {}, faults or {}
    kinds = emulator_kinds(packages)
    for name in {*options, *faults} - kinds.keys():
        raise ValueError(f"no emulator named {name!r}; there are: {', '.join(sorted(kinds))}")
    for name, kind in kinds.items():
        emulator = world.add(kind, **options.get(name, {}))
        if name in faults:
            emulator.control("faults", dict(faults[name]))
    return world


def emulator_kinds(packages: Iterable[str]) -> dict[str, type[Emulator]]:
    """By name, every `EMULATOR` (or each of `EMULATORS`) in a module `<package>.<folder>.emulator`."""
    kinds: dict[str, type[Emulator]] = {}
    for package_name in packages:
        package = importlib.import_module(package_name)
        for folder in pkgutil.iter_modules(package.__path__):
            module_name = f"{package_name}.{folder.name}.emulator"
            if not folder.ispkg or importlib.util.find_spec(module_name) is None:
                continue
            module = importlib.import_module(module_name)
            for kind in module.EMULATORS if hasattr(module, "EMULATORS") else [module.EMULATOR]:
                if kind.name in kinds:
                    raise ValueError(f"two emulators are named {kind.name!r}: {kinds[kind.name]} and {kind}")
                kinds[kind.name] = kind
    return kinds


class Host:
    """Serves a world. `port=0` takes a free port; `url` says where it is."""

    def __init__(self, world: World, port: int, *, host: str = "127.0.0.1", tick_seconds: float = TICK_SECONDS) -> None:
        self.world = world
        self._tick_seconds = tick_seconds
        self._stopping = threading.Event()
        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            application(world),
            map=self._sockets,
            host=host,
            port=port,
            threads=8,
            connection_limit=500,
            asyncore_use_poll=True,
            max_request_body_size=LARGEST_REQUEST,
            ident=None,
        )
        self.port: int = self._server.effective_port
        self.url = f"http://{host}:{self.port}"

    def run(self) -> None:
        """Serve and tick until `stop` is called from a signal or another thread."""
        ticker = threading.Thread(target=self._tick_for_ever, name="emulator-ticker", daemon=True)
        ticker.start()
        try:
            while not self._stopping.is_set():
                wasyncore.loop(timeout=1, use_poll=True, map=self._sockets, count=1)
        finally:
            self._stopping.set()
            ticker.join()
            self._server.task_dispatcher.shutdown()
            wasyncore.close_all(self._sockets)

    def stop(self) -> None:
        self._stopping.set()
        # The loop may have seen it already and closed the trigger.
        with suppress(OSError):
            self._server.pull_trigger()

    def _tick_for_ever(self) -> None:
        with ThreadPoolExecutor(PUSHERS, thread_name_prefix="emulator-push") as pushers:
            while not self._stopping.wait(self._tick_seconds):
                for emulator in list(self.world.emulators.values()):
                    for work in tick(emulator):
                        pushers.submit(push, emulator, work)
            pushers.shutdown(cancel_futures=True)


def serve(world: World, port: int, host: str = "127.0.0.1", *, ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is told the address once the port is open."""
    served = Host(world, port, host=host)

    def stop(_signal: int, _frame: object) -> None:
        served.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if ready:
            ready(served.url)
        served.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def serving(world: World, port: int = 0, *, tick_seconds: float = TICK_SECONDS) -> Iterator[Host]:
    """Serve from a thread of its own, for a test or a rehearsal in one process."""
    host = Host(world, port, tick_seconds=tick_seconds)
    thread = threading.Thread(target=host.run, name="emulator-host", daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.stop()
        thread.join()


def tick(emulator: Emulator) -> list[Callable[[], None]]:
    """Let one emulator live for a moment; what it wants to send by now, oldest first, to be done without the lock.

    One emulator's mistake must not stop the others: it is logged, and kept in its journal as `tick_failed`.
    """
    with emulator.lock:
        try:
            emulator.tick()
        except Exception as error:
            log.exception("%s: tick failed", emulator.name)
            emulator.journal.write("tick_failed", error=f"{type(error).__name__}: {error}")
        now = clock.now()
        waiting = [emulator.outgoing.popleft() for _ in range(len(emulator.outgoing))]
        emulator.outgoing.extend(entry for entry in waiting if entry[0] > now)
    return [work for _, work in sorted((entry for entry in waiting if entry[0] <= now), key=lambda entry: entry[0])]


def push(emulator: Emulator, work: Callable[[], None]) -> None:
    """Send one message to the tower. A failure is a fact of the day: it goes into the journal and ends nothing."""
    try:
        work()
    except Exception as error:
        log.warning("%s: push failed: %s: %s", emulator.name, type(error).__name__, error)
        emulator.journal.write("push_failed", error=f"{type(error).__name__}: {error}")


def application(world: World) -> Callable[[WSGIEnvironment, StartResponse], Sequence[bytes]]:
    """The WSGI application of a world."""

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Sequence[bytes]:
        answer = route(world, _request(environ))
        headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body)))]
        status = f"{answer.status} {responses.get(answer.status, 'Unknown')}"
        start_response(status, [*headers, *answer.headers.items()])
        return [answer.body]

    return respond


def route(world: World, request: Request) -> Answer:
    """Whose request it is: the index, a page for people, a test's hand, or the protocol."""
    name, _, rest = request.path.lstrip("/").partition("/")
    if not name:
        return _html("仿真街", _index(world))
    emulator = world.emulators.get(name)
    if emulator is None:
        return json_answer({"error": f"no emulator named {name!r}"}, 404)
    if rest == "_page":
        with emulator.lock:
            return _html(emulator.title, f'<p><a href="/">← 仿真街</a></p>{emulator.page()}')
    if rest == "_journal":
        return _journal(emulator, dict(request.query()))
    if rest.startswith("_control/"):
        return _control(emulator, rest.removeprefix("_control/"), request)
    return _protocol(emulator, request, "/" + rest)


def _request(environ: WSGIEnvironment) -> Request:
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            headers[key.removeprefix("HTTP_").replace("_", "-").title()] = value
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            headers[key.replace("_", "-").title()] = environ[key]
    return Request(
        method=environ["REQUEST_METHOD"],
        # WSGI hands the path over as Latin-1, whatever it was.
        path=environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace"),
        query_string=environ.get("QUERY_STRING", ""),
        headers=headers,
        body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
    )


def _protocol(emulator: Emulator, request: Request, path: str) -> Answer:
    below = Request(
        method=request.method,
        path=path,
        query_string=request.query_string,
        headers=request.headers,
        body=request.body,
    )
    with emulator.lock:
        try:
            return emulator.handle(below)
        except Exception as error:
            log.exception("%s: %s %s failed", emulator.name, below.method, below.path)
            emulator.journal.write("handle_failed", path=below.path, error=f"{type(error).__name__}: {error}")
            return json_answer({"error": "the emulator broke; see its journal"}, 500)


def _journal(emulator: Emulator, query: Mapping[str, str]) -> Answer:
    after = query.get("after") or "0"
    if not after.isdigit():
        return json_answer({"error": "`after` must be a number"}, 400)
    entries = [entry for entry in emulator.journal.entries(query.get("kind") or None) if entry["seq"] > int(after)]
    body = {"entries": entries, "last": entries[-1]["seq"] if entries else int(after)}
    return Answer(body=json.dumps(body, ensure_ascii=False, default=str).encode())


def _control(emulator: Emulator, command: str, request: Request) -> Answer:
    if request.method != "POST":
        return json_answer({"error": "POST only"}, 405)
    try:
        data = json.loads(request.body or b"{}")
        if not isinstance(data, dict):
            raise ValueError("the body must be a JSON object")
        with emulator.lock:
            result = emulator.control(command, data)
    except KeyError as error:
        return json_answer({"error": f"unknown: {error}"}, 404)
    except (ValueError, TypeError) as error:
        return json_answer({"error": str(error)}, 400)
    return Answer(body=json.dumps(result, ensure_ascii=False, default=str).encode())


_STYLE = """
:root{color-scheme:light dark}*{box-sizing:border-box}
body{margin:0;font:15px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;background:#f5f6f8;color:#1f2430}
header{background:#1f2a44;color:#fff;padding:12px 16px}header h1{margin:0;font-size:18px}
main{max-width:1080px;margin:0 auto;padding:12px 16px;overflow-x:auto}a{color:#1d5fd0}
table{border-collapse:collapse;width:100%;background:#fff;font-size:13px}
td,th{border-bottom:1px solid #e4e7ec;padding:6px 8px;text-align:left;vertical-align:top}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
ul.street{list-style:none;margin:0;padding:0;display:grid;gap:10px;grid-template-columns:repeat(auto-fill,minmax(240px,1fr))}
ul.street li{background:#fff;border:1px solid #e4e7ec;border-radius:8px;padding:12px}
ul.street strong{display:block;font-size:16px}
@media (prefers-color-scheme:dark){body{background:#14171f;color:#e6e9f0}
table,ul.street li{background:#1c2130;border-color:#333a4d}td,th{border-color:#333a4d}a{color:#8ab4ff}}
"""


def _html(title: str, content: str) -> Answer:
    page = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="refresh" content="3">'
        f"<title>{escape(title)} · 仿真</title><style>{_STYLE}</style></head>"
        f"<body><header><h1>{escape(title)}</h1></header><main>{content}</main></body></html>"
    )
    return Answer(body=page.encode(), content_type="text/html; charset=utf-8")


def _index(world: World) -> str:
    items = "".join(
        f"<li><strong>{escape(emulator.title)}</strong><code>/{escape(name)}/</code><br>"
        f'<a href="/{quote(name)}/_page">页面</a> · <a href="/{quote(name)}/_journal">流水 JSON</a></li>'
        for name, emulator in sorted(world.emulators.items())
    )
    moment = clock.now().astimezone(clock.BEIJING)
    return (
        "<p>这里是外部系统的仿真: 平台、ERP、仓库、快递和消息通道。它们不是真的，也不会联网。</p>"
        f"<p>仿真时间 {moment:%Y-%m-%d %H:%M:%S}</p>"
        + (f'<ul class="street">{items}</ul>' if items else "<p>还没有仿真系统。</p>")
    )
