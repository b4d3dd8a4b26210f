"""Figures: what was measured, against which goal, on what machine; as JSON under var/bench and as a table."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ordertower.demo import table


@dataclass(frozen=True)
class Figure:
    what: str
    value: float | int | str
    unit: str = ""
    goal: str = ""
    # None where there is no goal, or where this size cannot tell.
    met: bool | None = None


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of a hundred do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share / 100))] if ranked else 0.0


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def machine() -> dict[str, Any]:
    """What the figures were measured on. The load says whether somebody else was at work."""
    memory = Path("/proc/meminfo").read_text().split()[1] if Path("/proc/meminfo").exists() else "0"
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory) / 1024**2, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_at_start": list(os.getloadavg()),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def revision() -> str:
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return found.stdout.strip()


def write(folder: Path, name: str, figures: Sequence[Figure], **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    report = {
        "benchmark": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(),
        **more,
        "figures": [asdict(figure) for figure in figures],
    }
    path.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def show(title: str, figures: Sequence[Figure]) -> str:
    words = {True: "met", False: "MISSED", None: ""}
    rows = [(figure.what, _shown(figure), figure.goal, words[figure.met]) for figure in figures]
    return "\n".join([title, *table([("what", "measured", "goal", ""), *rows])])


def _shown(figure: Figure) -> str:
    value = f"{figure.value:,}" if isinstance(figure.value, int | float) else figure.value
    return f"{value} {figure.unit}".strip()
