"""Which channels there are: one folder each, found by walking. A broken folder stops start-up."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from alerts.channels import Channel

PACKAGE = "alerts.channels"


class UnknownChannel(LookupError):
    """No folder has a channel of this name."""


@cache
def channels() -> Mapping[str, Channel]:
    """Every channel by its name. `ValueError` where two folders claim one name."""
    found: dict[str, Channel] = {}
    for folder in pkgutil.iter_modules(importlib.import_module(PACKAGE).__path__):
        if not folder.ispkg:
            continue
        channel: Channel = importlib.import_module(f"{PACKAGE}.{folder.name}").channel
        if channel.name in found:
            raise ValueError(
                f"two channels are named {channel.name!r}: {type(found[channel.name])} and {type(channel)}"
            )
        found[channel.name] = channel
    return MappingProxyType(found)


def channel_named(name: str) -> Channel:
    """The channel called `name`; `UnknownChannel` where there is none."""
    try:
        return channels()[name]
    except KeyError:
        raise UnknownChannel(f"no channel named {name!r}; there are: {', '.join(sorted(channels()))}") from None
