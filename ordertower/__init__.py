"""The project. The Celery application is loaded with it, so that a hint from any door finds the right broker."""

from ordertower.celery import app as celery_app

__all__ = ["celery_app"]
