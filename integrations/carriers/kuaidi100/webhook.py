"""What 快递100 pushes: believe it, take it apart, answer it in exactly the words which end its retries.

The form value `param` is kept as it came, byte for byte, unless it holds rows that cannot be believed (`doubts`).
"""

import hmac
import json
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from integrations import routes
from integrations.adapter import Access, Incoming, Message, Reply
from integrations.bodies import canonical_ascii, digest, strict_object
from integrations.carriers.kuaidi100 import doubts, reading, signing
from integrations.carriers.kuaidi100.words import PUSH
from integrations.errors import BadSignature
from integrations.preferences import is_yes, listed
from integrations.records import part, word

# The form has two fields; a few more may be born.
MOST_FIELDS = 20


def verify(access: Access, incoming: Incoming) -> None:
    """MD5 of `param` and the salt of the subscription, over raw bytes; nothing is decoded as text before.

    Without a sign (they send none to a subscription without a salt) only where the seller has set `accept_unsigned`.
    """
    form = _form(incoming)
    if not form.get("param"):
        raise BadSignature("param is missing")
    given, known = form.get("sign", b"").strip().upper(), listed(access.secrets, "salt")
    if is_yes(access.settings.get("accept_unsigned")) and not (given and known):
        return
    if not given:
        raise BadSignature("no sign")
    # Every salt is tried, so that the time taken does not tell which one fits.
    fits = [hmac.compare_digest(given, signing.sign_push(form["param"], salt).encode()) for salt in known]
    if not any(fits):
        raise BadSignature("the signature does not fit")


def unpack(access: Access, incoming: Incoming) -> Sequence[Message]:
    """The push as one message, named by its content; and a notice for each thing that a person should see."""
    param = _form(incoming)["param"]
    envelope = strict_object(param)
    if "lastResult" not in envelope and word(envelope, "kuaidinum"):
        return [doubts.notice_of_verdict(envelope)]
    last, destination = part(envelope, "lastResult"), part(envelope, "destResult")
    waybill = reading.number(last)
    doubtful = doubts.sift(last, now=access.now) + doubts.sift(destination, now=access.now)
    # The key speaks of what is kept: when a doubtful row's time has come, the same push is another message.
    body = canonical_ascii(envelope) if doubtful else param
    return [
        Message(kind=PUSH, key=f"push:{waybill}:{digest(body, 32)}", body=body),
        *routes.notices(doubtful, waybill),
        *doubts.notices_of_watch(envelope, waybill),
    ]


def accepted() -> Reply:
    """Anything but these words makes them push three times more."""
    return Reply(body='{"result":true,"returnCode":"200","message":"成功"}'.encode())


def refused() -> Reply:
    """HTTP 200 as the protocol wants it; what exactly was wrong stays with us."""
    words = {"result": False, "returnCode": "500", "message": "签名错误"}
    return Reply(body=json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode())


def _form(incoming: Incoming) -> dict[str, bytes]:
    """`param` and `sign` of the form as raw bytes."""
    found: dict[str, bytes] = {}
    pairs = incoming.body.split(b"&", MOST_FIELDS)
    if len(pairs) > MOST_FIELDS:
        raise BadSignature("too many fields")
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        key = unquote_to_bytes(name).strip()
        if key in (b"param", b"sign"):
            if key.decode() in found:
                raise BadSignature("a field is given twice")
            found[key.decode()] = unquote_to_bytes(value.replace(b"+", b" "))
    return found
