"""Where a value stands: `$.buyer.name`, `$.items[0].sku`, `$['odd.name']`, or the name of a column or key as it is."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

Steps = tuple[str | int, ...]

STEP = re.compile(r"\.([^.\[\]\s'\"]+)|\[([0-9]{1,4})\]|\['([^']+)'\]|\[\"([^\"]+)\"\]")
LONGEST, DEEPEST = 200, 20


class Missing:
    """Nothing stands there; unlike `None`, which a source may write."""


MISSING: Final = Missing()


def parse(path: str) -> Steps:
    """The steps of a path; `ValueError` where it is none. `$` is the whole."""
    path = path.strip()
    if len(path) > LONGEST:
        raise ValueError("路径过长")
    if not path.startswith("$") or (path != "$" and path[1] not in ".["):
        return (path,) if path else ()
    steps: list[str | int] = []
    place = 1
    while place < len(path):
        found = STEP.match(path, place)
        if found is None:
            raise ValueError(f"路径写法不对：{path[place:][:30]}")
        name, index, quoted, double = found.groups()
        steps.append(int(index) if index is not None else name or quoted or double)
        place = found.end()
    if len(steps) > DEEPEST:
        raise ValueError("路径层数过多")
    return tuple(steps)


def find(value: Any, steps: Steps) -> Any:
    """What stands at the path, or `MISSING`. `[0]` of what is no list is the thing itself: XML tells no difference."""
    for step in steps:
        if isinstance(step, int):
            if isinstance(value, list):
                if step >= len(value):
                    return MISSING
                value = value[step]
            elif step:
                return MISSING
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            return MISSING
    return value


def leaves(value: Any, *, most: int = 120) -> list[tuple[str, str]]:
    """Paths and short examples of what a document holds, for a person who writes a mapping; lists by their first."""
    found: list[tuple[str, str]] = []
    for path, text in _walk(value, "$"):
        found.append((path, text))
        if len(found) >= most:
            break
    return found


def _walk(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    if depth > DEEPEST:
        return
    if isinstance(value, Mapping):
        for name, inside in value.items():
            yield from _walk(inside, _below(path, str(name)), depth + 1)
    elif isinstance(value, list):
        yield path, f"[{len(value)}]"
        if value:
            yield from _walk(value[0], f"{path}[0]", depth + 1)
    else:
        yield path, "" if value is None else str(value)[:60]


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if re.fullmatch(r"[^.\[\]\s'\"$]+", name) else f"{path}['{name}']"
