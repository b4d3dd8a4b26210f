"""Web, worker and beat in one process: the embedded default (docs/decisions/0001).

The three share Celery's memory transport where no broker is configured. It forgets on exit; that is allowed, because
the rows in the database are the work and beat finds what a lost hint left behind (law 9).
"""

import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from celery import Celery
from celery.beat import Service
from celery.worker import WorkController
from django.conf import settings
from waitress.server import create_server

logger = logging.getLogger(__name__)

WEB_THREADS = 8
WORKER_THREADS = 4
# Tasks are short and re-runnable; what does not end in this time is found again by beat after the next start.
PATIENCE_SECONDS = 20


class EmbeddedTower:
    """The one process. `serve` blocks until SIGTERM or SIGINT, or until one of its parts fails."""

    def __init__(self, app: Celery, *, host: str, port: int) -> None:
        from ordertower.wsgi import application

        app.finalize()
        app.loader.import_default_modules()
        self.failed: str | None = None
        self._stopping = threading.Event()
        self._worker = WorkController(
            app=app,
            pool="threads",
            concurrency=WORKER_THREADS,
            queues=list(settings.LANES),
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        # The schedule is code, so there is nothing to remember between starts: this scheduler keeps no file.
        self._beat = Service(app, max_interval=1, scheduler_cls="celery.beat:Scheduler")
        self._web = create_server(application, host=host, port=port, threads=WEB_THREADS, ident=None)
        self._threads = [
            self._guarded("worker", self._worker.start),
            self._guarded("beat", self._beat.start),
        ]

    def serve(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._leave)
        try:
            for thread in self._threads:
                thread.start()
            # Returns when `_leave` raises SystemExit inside it, after its threads have answered what they had begun.
            self._web.run()
        except SystemExit:
            logger.info("stopped while starting")
        finally:
            self._stop()

    def _leave(self, number: int, frame: FrameType | None) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            raise SystemExit

    def _stop(self) -> None:
        self._stopping.set()
        self._web.close()
        self._beat.stop()
        self._worker.stop(in_sighandler=False)
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
            if thread.is_alive():
                logger.warning("%s did not stop within %s s", thread.name, PATIENCE_SECONDS)

    def _guarded(self, name: str, run: Callable[[], None]) -> threading.Thread:
        """A thread whose end, unless asked for, ends the process: a tower without its worker must not look alive."""

        def work() -> None:
            try:
                run()
            except Exception:
                logger.exception("%s failed", name)
            finally:
                # Celery leaves by SystemExit too, which a thread swallows without a word.
                if not self._stopping.is_set():
                    self.failed = name
                    os.kill(os.getpid(), signal.SIGTERM)

        return threading.Thread(target=work, name=name, daemon=True)
