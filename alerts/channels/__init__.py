"""Where alerts go. One folder per channel, found by walking; the folder's `channel` is a `Channel`.

A channel never touches the database: it gets an opened access and a text, and sends one message, once. How often it
may speak, what is folded into a digest, and when to try again is decided before it is called.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from integrations.adapter import Field

__all__ = ["Channel", "ChannelAccess", "Level", "Text"]

Level = Literal["info", "warning", "critical"]


@dataclass(frozen=True, kw_only=True)
class Text:
    """One alert in plain words. The channel escapes them; a text too long loses lines, never its link.

    `mentions` are the channel's own names of people; `@all` is everybody. No personal data of customers (law 13).
    """

    title: str
    lines: tuple[str, ...] = ()
    link: str = ""
    level: Level = "info"
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChannelAccess:
    """A channel opened for use. `secrets` values are lists where two may live; the newest comes first."""

    settings: Mapping[str, Any]
    secrets: Mapping[str, Any]


class Channel:
    """The contract of a channel."""

    name: ClassVar[str]
    title: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]] = ()

    def send(self, access: ChannelAccess, text: Text) -> str:
        """Send one message; their id of it, or "" where they give none.

        Raises only `Temporary` (try again) and `Permanent` (stop, tell an administrator). No secret is in either.
        """
        raise NotImplementedError
