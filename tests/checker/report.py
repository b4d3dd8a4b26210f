"""Says what was found, in lines for people or as one JSON object."""

import json
from collections import Counter

from .findings import TITLES, Findings


def in_lines(findings: Findings, events: int, orders: int) -> str:
    lines = [str(violation) for violation in findings.violations]
    if lines:
        lines.append("")
    broken = Counter(violation.invariant for violation in findings.violations)
    for invariant, title in TITLES.items():
        checked = findings.checked[invariant]
        if checked or broken[invariant]:
            verdict = f"{broken[invariant]} violations" if broken[invariant] else "clean"
            lines.append(f"{invariant:4} {verdict:16} {checked:>9} checked  {title}")
        else:
            why = findings.not_checked.get(invariant, "nothing in the input to check it on")
            lines.append(f"{invariant:4} not checked: {why}  ({title})")
    parts = {part: why for part, why in findings.not_checked.items() if part not in TITLES}
    lines += [f"     not checked: {part}: {why}" for part, why in parts.items()]
    lines += [f"     note: {text} ({times} ×)" for text, times in sorted(findings.notes.items())]
    verdict = f"{len(findings.violations)} violations" if findings.violations else "clean"
    lines.append(f"{events} events of {orders} orders: {verdict}")
    return "\n".join(lines)


def as_json(findings: Findings, events: int, orders: int) -> str:
    violations = [
        {"invariant": each.invariant, "order": each.order, "seq": each.seq, "what": each.what}
        for each in findings.violations
    ]
    told = {
        "clean": not violations,
        "events": events,
        "orders": orders,
        "violations": violations,
        "checked": {invariant: findings.checked[invariant] for invariant in TITLES},
        "not_checked": findings.not_checked,
        "notes": dict(findings.notes),
    }
    return json.dumps(told, ensure_ascii=False, indent=1)
