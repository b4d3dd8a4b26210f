"""The one way out: a `requests` session with time limits, a size limit, and errors in the tower's two kinds of no."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import requests

from integrations.errors import Permanent, Temporary, Throttled

CONNECT_SECONDS, READ_SECONDS = 3.05, 10.0
LARGEST_ANSWER = 8 * 1024 * 1024

_local = threading.local()
# Asked before every call: who pays for it may say no by raising.
_toll: ContextVar[Callable[[], None] | None] = ContextVar("toll", default=None)


@contextmanager
def paying(toll: Callable[[], None]) -> Iterator[None]:
    """Every call made within asks `toll` first."""
    token = _toll.set(toll)
    try:
        yield
    finally:
        _toll.reset(token)


def session() -> requests.Session:
    """This thread's session: connections are reused, the machine's proxies ignored."""
    existing: requests.Session | None = getattr(_local, "session", None)
    if existing is None:
        existing = requests.Session()
        existing.trust_env = False
        _local.session = existing
    return existing


def call(
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    data: Any = None,
    json: Any = None,
    headers: Mapping[str, str] | None = None,
    read_seconds: float = READ_SECONDS,
) -> requests.Response:
    """One request. `Temporary` for the wire and 5xx, `Throttled` for 429 and where the connection's own budget is used
    up before anything is sent; `Permanent` for other refusals and for oversized answers.

    Never call this inside a transaction (law 10); `assert_no_transaction` in the job runner watches over it.
    """
    if toll := _toll.get():
        toll()
    try:
        response = session().request(
            method,
            url,
            params=params,
            data=data,
            json=json,
            headers=dict(headers or {}),
            timeout=(CONNECT_SECONDS, read_seconds),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        # The exception's text may hold the URL with its key: name only the kind.
        raise Temporary(f"no answer: {type(error).__name__}", code="network") from error
    if len(response.content) > LARGEST_ANSWER:
        raise Permanent("answer larger than 8 MiB", code="too_large")
    if response.status_code == 429:
        raise Throttled("HTTP 429", code="429", retry_after=_retry_after(response))
    if response.status_code >= 500:
        raise Temporary(
            f"HTTP {response.status_code}", code=str(response.status_code), retry_after=_retry_after(response)
        )
    if response.status_code >= 300:
        raise Permanent(f"HTTP {response.status_code}", code=str(response.status_code))
    return response


def _retry_after(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None
