"""The anchors' file of each test is its own."""

from pathlib import Path

import pytest


@pytest.fixture
def anchor_file(tmp_path: Path, settings) -> Path:
    settings.TOWER_ANCHOR_FILE = tmp_path / "anchors.jsonl"
    return tmp_path / "anchors.jsonl"
