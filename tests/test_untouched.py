"""The second run of the suite leaves out what no engine took part in, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.toughness.parts import REPOSITORY

# As many tests of as many kinds as the rule knows.
SAMPLE = """
import subprocess, sys, threading
import pytest
from django.core.cache import cache
from django.db import connection


@pytest.fixture(scope="module")
def child():
    subprocess.run([sys.executable, "-c", ""], check=True)


@pytest.fixture(scope="module")
def nothing():
    return 1


@pytest.mark.parametrize("number", [1, 2])
def test_it_only_reckons(number, nothing):
    assert number + nothing


def test_it_asks_what_the_database_is():
    assert connection.vendor


def test_it_asks_the_cache_in_another_thread():
    asking = threading.Thread(target=cache.get, args=["key"])
    asking.start()
    asking.join()


def test_it_shares_a_process(child):
    pass


def test_it_shares_a_process_that_was_there_before(child):
    pass


def test_it_fails():
    assert False


def test_it_is_skipped():
    pytest.skip("not today")
"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    (tmp_path / "test_sample.py").write_text(SAMPLE, encoding="utf-8")
    (tmp_path / "pytest.ini").touch()
    (tmp_path / "notes").mkdir()
    return tmp_path


def run(folder: Path, option: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "tests.untouched", "-rA", option, str(folder / "notes")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["DJANGO_SETTINGS_MODULE"] = "ordertower.test_settings"
    options = ["-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(
        [*command, *options], cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
    ).stdout


def test_only_what_passed_without_an_engine_is_left_out_of_the_second_run(sample: Path) -> None:
    first = run(sample, "--note-untouched")
    assert "1 failed, 6 passed, 1 skipped" in first
    again = run(sample, "--leave-out-untouched")
    assert "left out: what no engine took part in before, 2 tests" in again
    assert "1 failed, 4 passed, 1 skipped" in again
    assert "test_it_only_reckons" in first
    assert "test_it_only_reckons" not in again
