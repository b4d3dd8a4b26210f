"""A connection's settings and secrets as a person typed them, or as JSON. Pure; what is wrong is `WrongSetting`."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.errors import ConnectionAtFault

Settings = Mapping[str, Any]

YES = frozenset({"1", "true", "yes", "on", "是"})
# How words stand in one text.
COMMAS, COMMAS_AND_BLANKS = r"[,，]", r"[,，\s]"


class WrongSetting(ConnectionAtFault):
    """A setting that cannot be used; `field` says which."""

    def __init__(self, field: str, text: str, *, called: str = "设置") -> None:
        super().__init__(f"{called} {field} {text}", code="settings")
        self.field = field


def text(settings: Settings, name: str, default: str = "") -> str:
    """One that was left empty on purpose stays empty only where its default is empty."""
    return str(settings.get(name) or default).strip()


def is_yes(value: Any) -> bool:
    return str(value or "").strip().lower() in YES


def number(settings: Settings, name: str, default: int, *, least: int = 1, most: int) -> int:
    """A whole number, kept within what the other side allows. 0 counts only where `least` is 0."""
    told = settings.get(name)
    try:
        wanted = int(default if told in (None, "") else told)
    except (TypeError, ValueError) as error:
        raise WrongSetting(name, "不是整数") from error
    return min(max(wanted, least), most)


def choice(settings: Settings, name: str, allowed: Sequence[str]) -> str:
    """One of a few words; the first is the default."""
    found = text(settings, name, allowed[0])
    if found not in allowed:
        raise WrongSetting(name, f"只能是 {'、'.join(allowed)}")
    return found


def words(value: Any, between: str = COMMAS) -> list[str]:
    """A list, or a text with commas between its words."""
    found = value if isinstance(value, list | tuple) else re.split(between, str(value or ""))
    return [word for one in found if (word := str(one).strip())]


def table(settings: Settings, name: str, *, called: str = "设置") -> dict[str, Any]:
    """An object, given as such or as the JSON text that the command line gives."""
    value = settings.get(name) or {}
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError) as error:
        raise WrongSetting(name, "不是 JSON", called=called) from error
    if not isinstance(found, Mapping):
        raise WrongSetting(name, "不是 JSON 对象", called=called)
    return {str(key): one for key, one in found.items()}


def listed(secrets: Settings, name: str) -> list[str]:
    """Every value of a secret that is valid now, the one to use first: two live side by side while one is replaced."""
    value = secrets.get(name)
    found = value if isinstance(value, list | tuple) else [value]
    return [str(secret) for secret in found if secret]


def first(secrets: Settings, name: str) -> str:
    """The value of a secret to use; "" where there is none."""
    return next(iter(listed(secrets, name)), "")
