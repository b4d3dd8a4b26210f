"""Settings of the test suite: the real ones, in a folder of their own, with a fast password hash.

The folder is made once by the first process and inherited through the environment, so that xdist's workers and the
commands which tests start share it; each worker has its own database file and its own Redis database there.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

if "TOWER_TEST_FOLDER" not in os.environ:
    os.environ["TOWER_TEST_FOLDER"] = tempfile.mkdtemp(prefix="tower-tests-")
    atexit.register(shutil.rmtree, os.environ["TOWER_TEST_FOLDER"], ignore_errors=True)
TEST_FOLDER = Path(os.environ["TOWER_TEST_FOLDER"])
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
os.environ["TOWER_VAR"] = str(TEST_FOLDER / WORKER)
# Tests must not depend on who runs them.
for name in ("TOWER_PRODUCTION", "TOWER_DEBUG", "TOWER_CLOCK", "TOWER_URL"):
    os.environ.pop(name, None)
if (redis := os.environ.get("REDIS_URL")) and redis.count("/") == 2:
    # gw0 → database 1, gw1 → 2; without xdist database 0.
    os.environ["REDIS_URL"] = f"{redis}/{int(WORKER.removeprefix('gw')) + 1 if WORKER.startswith('gw') else 0}"

from ordertower.settings import *  # noqa: E402, F403
from ordertower.settings import DATABASES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    # A file, not memory: several threads and processes must be able to open it, as in real life.
    _database["TEST"] = {"NAME": str(TEST_FOLDER / "tower.sqlite3")}
    # Nothing here has to survive a power cut.
    _database["OPTIONS"]["init_command"] = _database["OPTIONS"]["init_command"].replace(
        "synchronous=FULL", "synchronous=OFF"
    )

# Tests drain by themselves; a hint to a broker would only be another thread's surprise.
TOWER_WAKE = "ordertower.wake.silent"
