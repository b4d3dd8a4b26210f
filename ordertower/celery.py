"""The Celery application. Its tasks are five-line doors in `ordertower.tasks`; the work is rows (law 9)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordertower.settings")

app = Celery("ordertower")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["ordertower"])
