"""丰桥's digest: Base64 of the raw MD5 over the URL-encoded text of message, time and check word.

Their reference is Java's `URLEncoder`, which differs from Python's in three signs (return code A1006 hints at it); the
vectors are in `samples/signing.json`.
"""

import base64
import hashlib
from urllib.parse import quote


def java_encoded(text: str) -> str:
    """As `java.net.URLEncoder` writes UTF-8: `*` stays, a blank becomes `+`, `~` becomes `%7E`."""
    return quote(text, safe="*").replace("%20", "+").replace("~", "%7E")


def plain_digest(text: str) -> str:
    digest = hashlib.md5(text.encode(errors="replace"), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def message_digest(message: str, timestamp: str, check_word: str) -> str:
    """Over exactly the text that is sent as `msgData`."""
    return plain_digest(java_encoded(message + timestamp + check_word))
