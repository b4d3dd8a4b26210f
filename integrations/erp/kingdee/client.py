"""One call to K3 Cloud's WebAPI. Raises only `integrations.errors`.

A read is repeated at once after a lost session; a write is not, because it may have landed: the caller reads first.
Sources: the official SDK (transport), the WebAPI manual (services and their data).
"""

import json
from collections.abc import Mapping
from typing import Any

from integrations import bodies
from integrations.adapter import Access
from integrations.erp.kingdee import lanes, refusals, sessions
from integrations.erp.kingdee.refusals import SessionLost
from integrations.errors import ConnectionAtFault, Permanent, Temporary, Unauthorised
from integrations.http import call as http_call
from integrations.preferences import number

FORMS = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
MOST_CALLS_AT_ONCE = 4


def read(access: Access, service: str, body: Mapping[str, Any]) -> Any:
    """Call a service that changes nothing; once more where the session was lost meanwhile."""
    try:
        return call(access, service, body)
    except SessionLost:
        pass
    try:
        return call(access, service, body)
    except SessionLost as error:
        if sessions.login_way(access) != sessions.SIGNATURE:
            # The login succeeded, so that the credentials are good: somebody else ends our sessions.
            raise
        raise Unauthorised(f"金蝶不认可签名，请核对账套和授权：{error}", code=error.code) from error


def call(access: Access, service: str, body: Mapping[str, Any]) -> Any:
    """One attempt. `SessionLost` leaves it to the caller whether it may be repeated."""
    url = sessions.service_url(access, FORMS + service)
    at_once = number(access.settings, "calls_at_once", 2, most=MOST_CALLS_AT_ONCE)
    with lanes.calling(access.connection_id, at_once):
        ours, session = sessions.headers(access, url)
        sent = json.dumps(body, ensure_ascii=False).encode(errors="replace")
        try:
            response = http_call(
                "POST", url, data=sent, headers={"Content-Type": "application/json; charset=utf-8", **ours}
            )
        except Permanent as error:
            raise ConnectionAtFault(str(error), code=error.code) from error
    try:
        return opened(response.content)
    except SessionLost:
        sessions.forget(access, session)
        raise


def opened(body: bytes) -> Any:
    """An answer that is a success; raises what its envelope means."""
    if body.lstrip().startswith(refusals.ERROR_TEXT.encode()):
        raise refusals.text_refusal(body.lstrip().decode(errors="replace"))
    answer = bodies.answer(body, "金蝶的回答")
    refusals.check(answer)
    return answer


def succeeded(answer: Any) -> Mapping[str, Any]:
    """The `Result` of a write. Without a `ResponseStatus` nobody knows whether it was done."""
    result = answer.get("Result") if isinstance(answer, Mapping) else None
    if not isinstance(result, Mapping) or not isinstance(result.get("ResponseStatus"), Mapping):
        raise Temporary("金蝶的回答里没有结果", code="unreadable_answer")
    return result
