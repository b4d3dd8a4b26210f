"""Silence detection: an edge that should speak by now and does not is a trouble, until its first new message.

`rhythm` is pure: how often an edge speaks by the hour of the week, and how unlikely so long a gap is. `counting` keeps
the counts of every edge from the tower's own rows, `listening` decides.
"""

from integrations.silence.listening import listen

__all__ = ["listen"]
