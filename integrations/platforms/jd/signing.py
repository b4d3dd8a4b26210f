"""How JD signs: pure functions, proved by `samples/signing.json`.

Source: the developer guide of open.jd.com (listId=2643) for routerjson, reproduced by two public SDKs.
"""

import hashlib
from collections.abc import Mapping


def sign(parameters: Mapping[str, str], secret: str) -> str:
    """Upper-case hexadecimal MD5 of every parameter except `sign`, values as they are, wrapped in the secret.

    Upper-case names sort before lower-case ones.
    """
    pairs = sorted((name.encode(), value.encode()) for name, value in parameters.items() if name != "sign")
    key = secret.encode()
    return hashlib.md5(key + b"".join(name + value for name, value in pairs) + key).hexdigest().upper()
