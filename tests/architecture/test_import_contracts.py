"""The import contracts in pyproject.toml catch what they are there to catch: each is shown one planted breach."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOMS = ("ordertower", "alerts", "integrations", "orders")
BREACHES = {
    "Apps point one way": ("orders/scan/planted.py", "import alerts.channels"),
    "Neighbours are strangers": ("integrations/carriers/planted/client.py", "import integrations.erp.planted.client"),
    "Channels are strangers": ("alerts/channels/planted/client.py", "import alerts.channels.other"),
    "Actions are strangers": ("alerts/actions/planted.py", "import alerts.actions.other"),
    "Adapters come from the registry": ("integrations/planted.py", "import integrations.erp.planted"),
    "The parts of an adapter": ("integrations/erp/planted/signing.py", "import integrations.erp.planted.client"),
    "Emulators are the other side": ("integrations/erp/planted/emulator.py", "import integrations.erp.planted.xml"),
    "Emulated channels are the other side": (
        "alerts/channels/planted/emulator.py",
        "import alerts.channels.planted.client",
    ),
    "Inside orders": ("orders/utils.py", ""),
    "Inside alerts": ("alerts/utils.py", ""),
    "Mappings are pure": ("integrations/erp/planted/mapping.py", "import requests"),
    "Orders touches no network and no queue": ("orders/services/planted.py", "import celery"),
}
BYSTANDERS = (
    "integrations/erp/planted/client.py",
    "integrations/erp/planted/xml.py",
    "alerts/channels/other/client.py",
    "alerts/actions/other.py",
)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Contract → KEPT or BROKEN, over a copy of the code with every breach planted."""
    copy = tmp_path_factory.mktemp("planted")
    for room in ROOMS:
        shutil.copytree(settings.BASE_DIR / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(settings.BASE_DIR / "pyproject.toml", copy)
    for name, code in [*BREACHES.values(), *((name, "") for name in BYSTANDERS)]:
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(code + "\n")
    linter = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=copy, env={"PYTHONPATH": str(copy)}, capture_output=True, text=True
    )
    words = [line.rpartition(" ") for line in told.stdout.splitlines()]
    return {name: verdict for name, _, verdict in words if verdict in {"KEPT", "BROKEN"}}


@pytest.mark.parametrize("contract", BREACHES)
def test_a_planted_breach_breaks_its_contract(verdicts, contract):
    assert verdicts[contract] == "BROKEN"


def test_every_contract_is_shown_a_breach(verdicts):
    assert set(verdicts) == set(BREACHES)
