"""Which adapters there are: one folder per outside system, found by walking. Only this module knows them all.

A folder that cannot be imported, or that has no `adapter`, stops start-up: a connector that is silently missing would
be an island again.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType

from integrations.adapter import Adapter

PACKAGES = ("integrations.platforms", "integrations.erp", "integrations.wms", "integrations.carriers")


class UnknownAdapter(LookupError):
    """No folder has an adapter of this name."""


def discover(package: ModuleType) -> dict[str, Adapter]:
    """By name, the `adapter` of every folder in `package`. `ValueError` where two folders claim one name."""
    found: dict[str, Adapter] = {}
    for folder in pkgutil.iter_modules(package.__path__):
        if folder.ispkg:
            adapter: Adapter = importlib.import_module(f"{package.__name__}.{folder.name}").adapter
            _add(found, adapter)
    return found


@cache
def adapters() -> Mapping[str, Adapter]:
    """Every adapter by its name, which is unique over all kinds: it stands in webhook addresses."""
    found: dict[str, Adapter] = {}
    for package_name in PACKAGES:
        for adapter in discover(importlib.import_module(package_name)).values():
            _add(found, adapter)
    return MappingProxyType(found)


def adapter_named(name: str) -> Adapter:
    """The adapter called `name`; `UnknownAdapter` where there is none."""
    try:
        return adapters()[name]
    except KeyError:
        raise UnknownAdapter(f"no adapter named {name!r}; there are: {', '.join(sorted(adapters()))}") from None


def _add(found: dict[str, Adapter], adapter: Adapter) -> None:
    if adapter.name in found:
        raise ValueError(f"two adapters are named {adapter.name!r}: {type(found[adapter.name])} and {type(adapter)}")
    found[adapter.name] = adapter
