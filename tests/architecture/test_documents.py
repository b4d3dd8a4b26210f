"""Documents that list what the code has: they are complete, or this fails."""

import re

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR


def names_of(requirements: str) -> list[str]:
    return re.findall(r"^([A-Za-z0-9-]+)(?:\[.*\])?==", (ROOT / requirements).read_text(), re.MULTILINE)


def test_operations_lists_every_variable_that_the_settings_read():
    sources = [ROOT / "ordertower" / "settings.py", ROOT / "orders" / "clock.py"]
    read = {
        name
        for source in sources
        for name in re.findall(
            r"(?:environ\.get|environ|flag|words|kept_secret)[(\[]\"([A-Z_]+)\"", source.read_text(encoding="utf-8")
        )
    }
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/operations.md").read_text(), re.MULTILINE))
    assert len(read) > 10
    assert listed == read


@pytest.mark.parametrize("requirements", ["requirements.txt", "requirements-dev.txt"])
def test_every_dependency_has_its_reason_and_licence(requirements):
    reasons = (ROOT / "docs/decisions/0002-dependencies.md").read_text()
    names = names_of(requirements)
    assert names
    assert [name for name in names if name not in reasons] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_hold_the_pinned_versions_with_hashes_and_name_no_server(lock):
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^([A-Za-z0-9-]+)(?:\[.*\])?==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    for name, version in pins:
        assert re.search(rf"^{name}(\[.*\])?=={re.escape(version)} \\$", text, re.MULTILINE | re.IGNORECASE), name
    assert "--hash=sha256:" in text
    assert "://" not in text
