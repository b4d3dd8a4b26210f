"""python -m tests.checker TRAIL.jsonl --journals DIR [--anchors FILE]: 0 clean, 1 violations, 2 unreadable."""

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from .checking import Checking, Inputs
from .reading import UnreadableError
from .report import as_json, in_lines


def asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.checker", description=__doc__)
    parser.add_argument("trail", type=Path, metavar="TRAIL.jsonl", help="what export_trail wrote, whole")
    parser.add_argument("--journals", type=Path, metavar="DIR", help="the other systems' journals (*.jsonl)")
    parser.add_argument("--anchors", type=Path, metavar="FILE", help="the anchors' file")
    parser.add_argument("--public-key", action="append", default=[], metavar="HEX", help="trusted to sign anchors")
    parser.add_argument("--acknowledged", type=Path, metavar="FILE", help="what clients were answered, one a line")
    parser.add_argument("--drained", action="store_true", help="the world stood still: nothing is too young to judge")
    parser.add_argument("--retries", action="store_true", help="connections broke: same push, same answer is a retry")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    wish = asked(arguments)
    checking = Checking(
        Inputs(
            wish.trail,
            journals=wish.journals,
            anchors=wish.anchors,
            acknowledged=wish.acknowledged,
            public_keys=frozenset(wish.public_key),
            drained=wish.drained,
            retries=wish.retries,
        )
    )
    try:
        findings = checking.run()
    except UnreadableError as error:
        print(f"unreadable: {error}", file=sys.stderr)
        return 2
    write = as_json if wish.json else in_lines
    print(write(findings, checking.events, checking.orders))
    return 1 if findings.violations else 0


if __name__ == "__main__":
    gc.disable()  # nothing here is circular; looking for circles costs a fifth of the time
    sys.exit(main())
