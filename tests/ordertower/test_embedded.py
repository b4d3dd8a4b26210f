import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from django.conf import settings

from tests.conftest import on_postgres
from tests.engines import free_port


@pytest.mark.skipif(on_postgres(), reason="the embedded default: neither PostgreSQL nor Redis")
def test_one_process_serves_from_an_empty_folder_and_goes_on_there_whoever_asked_it_to_stop(tmp_path: Path):
    for asked_by in (signal.SIGTERM, signal.SIGINT):
        said = serve_until(asked_by, tmp_path)
        assert "tower: stopped" in said
        assert "Traceback" not in said
        # Beat remembers nothing on disk.
        assert not list(tmp_path.glob("celerybeat*"))


def serve_until(asked_by: signal.Signals, folder: Path) -> str:
    """Start it, ask it to stop when it is ready, and insist that it ends well; what it said."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    environment |= {"DJANGO_SETTINGS_MODULE": "ordertower.settings", "TOWER_VAR": str(folder)}
    with (folder / "log").open("w+") as log:
        tower = subprocess.Popen(
            [sys.executable, "manage.py", "tower", "--port", str(port)],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_ready(tower, f"http://127.0.0.1:{port}/readyz")
            tower.send_signal(asked_by)
            assert tower.wait(40) == 0
        finally:
            tower.kill()
            tower.wait()
        log.seek(0)
        return log.read()


def wait_until_ready(tower: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and tower.poll() is None:
        with suppress(requests.ConnectionError):  # not listening yet
            if requests.get(address, timeout=2).status_code == 200:
                return
        time.sleep(0.2)
    pytest.fail("the tower did not become ready")
