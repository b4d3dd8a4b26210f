"""The back office's pages about alerts: what was told, by which rules, through which channels."""

from alerts.admin import alerts, channels

__all__ = ["alerts", "channels"]
