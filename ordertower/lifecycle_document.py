"""`docs/lifecycle.md`, from the declared transitions and the default policies: it cannot say what the code does not."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import TextChoices
from django.utils import translation
from django_fsm import GET_STATE, RETURN_VALUE

from orders.lifecycle import (
    DEFAULT_POLICIES,
    FOUR_EYES_REASONS,
    MOVE_LABELS,
    ROLES_FROM_STATE,
    STAGE_RANK,
    CauseKind,
    HoldReason,
    Move,
    Need,
    OrderState,
    ParcelState,
    Role,
)
from orders.models import Order, Parcel
from orders.selectors.timeline import VERBS
from orders.services.claims import PROGRESS
from orders.services.decide import METHODS
from orders.services.policies import required_needs

PATH = Path(settings.BASE_DIR) / "docs" / "lifecycle.md"
NAMES = {method: str(move) for move, method in METHODS.items()}
# An order whose last living parcel is voided is paid again; every other parcel state has the order's name for it.
OF_THE_ORDER = {ParcelState.VOIDED: str(OrderState.PAID)}


@dataclass(frozen=True)
class Arrow:
    """One legal step: from one state to the states it may end in."""

    move: str
    source: str
    targets: tuple[str, ...]

    @property
    def is_asked_for(self) -> bool:
        """Whether a door may ask for it; the others follow from parcels or reports."""
        return self.move in list(Move)


def arrows(model: type[Order] | type[Parcel]) -> list[Arrow]:
    """The declared transitions of a model, in the order of their states."""
    states = [str(state) for state, _ in model._meta.get_field("state").choices or ()]
    found = [
        Arrow(NAMES.get(transition.name, transition.name), str(transition.source), _targets(transition.target))
        for transition in model._meta.get_field("state").get_all_transitions(model)
    ]
    return sorted(found, key=lambda arrow: (states.index(arrow.source), states.index(arrow.targets[0]), arrow.move))


def _targets(target: object) -> tuple[str, ...]:
    if isinstance(target, RETURN_VALUE | GET_STATE):
        return tuple(str(state) for state in target.allowed_states)
    return (str(target),)


def document() -> str:
    """The whole text, in Simplified Chinese names whatever language the command runs in."""
    with translation.override("zh-hans"):
        return "\n".join([*_lines(), ""])


def _lines() -> Iterator[str]:
    reasons = _listed(HoldReason(reason) for reason in sorted(FOUR_EYES_REASONS))
    yield "# The lifecycle"
    yield ""
    yield "Written by `manage.py lifecycle_docs` from the declared transitions and the default policies; not by hand."
    yield ""
    yield "The graph is code. Who may make a move, what it needs and whether a second person must agree are defaults,"
    yield "which 运营主管 changes in admin (操作权限), for a company or for one of its warehouses. Two things no policy"
    yield f"changes: a held order refuses every move that needs `{Need.NOT_HELD}`, and where a hold asks four eyes"
    yield f"({reasons}), whoever caused it does not lift it."
    yield ""
    yield from _section("Order 订单", "order", OrderState, arrows(Order), extra=_followed())
    yield ""
    yield "From 待拣货 on the order is where its least advanced living parcel is; the arrows marked 包裹 are moves of"
    yield "its parcel. When every parcel is voided the order is back at 已付款, as a new generation, and can be"
    yield "released again."
    yield ""
    yield from _section("Parcel 包裹", "parcel", ParcelState, arrows(Parcel))
    yield ""
    yield from _acts()
    yield ""
    yield from _reports()
    yield ""
    yield from _verbs()
    yield ""
    yield from _needs()


def _section(
    title: str,
    subject: str,
    states: type[TextChoices],
    found: list[Arrow],
    extra: Sequence[tuple[str, str, str]] = (),
) -> Iterator[str]:
    asked = [arrow for arrow in found if arrow.is_asked_for]
    yield f"## {title}"
    yield ""
    yield "```mermaid"
    yield "stateDiagram-v2"
    for state in states:
        yield f'    state "{state.label}<br/>{state}" as {state}'
    yield f"    [*] --> {next(iter(states))}"
    for arrow in asked:
        yield f"    {arrow.source} --> {arrow.targets[0]}: {MOVE_LABELS[Move(arrow.move)]} {arrow.move}"
    for source, target, label in extra:
        yield f"    {source} --> {target}: {label}"
    yield "```"
    yield ""
    yield "| move | from → to | who | needs |"
    yield "|---|---|---|---|"
    for move in dict.fromkeys(arrow.move for arrow in asked):
        paths = [arrow for arrow in asked if arrow.move == move]
        steps = "<br>".join(f"{_named(states, arrow.source)} → {_named(states, arrow.targets[0])}" for arrow in paths)
        yield f"| {_move(move)} | {steps} | {_who(subject, move, states)} | {_what(subject, move)} |"
    derived = [arrow for arrow in found if not arrow.is_asked_for]
    if derived:
        yield ""
        yield "No door asks for these; they follow from parcels and from what other systems report:"
        yield ""
        for move in dict.fromkeys(arrow.move for arrow in derived):
            yield f"- `{move}`: {'; '.join(_derived(states, [arrow for arrow in derived if arrow.move == move]))}"


def _derived(states: type[TextChoices], found: list[Arrow]) -> Iterator[str]:
    by_targets: dict[tuple[str, ...], list[str]] = {}
    for arrow in found:
        by_targets.setdefault(arrow.targets, []).append(arrow.source)
    for targets, sources in by_targets.items():
        yield f"{_listed(states(source) for source in sources)} → {_listed(states(target) for target in targets)}"


def _followed() -> list[tuple[str, str, str]]:
    """What the order's only parcel does, as steps of the order."""
    steps = [arrow for arrow in arrows(Parcel) if arrow.is_asked_for]
    return [
        (
            OF_THE_ORDER.get(ParcelState(arrow.source), arrow.source),
            OF_THE_ORDER.get(ParcelState(arrow.targets[0]), arrow.targets[0]),
            f"包裹 {MOVE_LABELS[Move(arrow.move)]}",
        )
        for arrow in steps
    ]


def _acts() -> Iterator[str]:
    yield "## Label, hold and case 面单、锁单与申请"
    yield ""
    yield "| move | who | needs |"
    yield "|---|---|---|"
    for subject, move in DEFAULT_POLICIES:
        if subject in ("label", "hold", "case"):
            yield f"| {_move(move)} | {_who(subject, move, OrderState)} | {_what(subject, move)} |"


def _reports() -> Iterator[str]:
    yield "## What other systems' reports move 外部消息"
    yield ""
    yield "A report is always recorded. It walks the parcel along the legal path, one event a step with result"
    yield "`observed`; what it broke on the way becomes a hold. A platform's own word for shipped or signed is a claim"
    yield "and moves no parcel; its payment moves the order to 已付款, its closing to 已取消 while nothing has left."
    yield "已打包 moves a parcel only where the warehouse's word or its operator was accepted as 仓管组长's; a later"
    yield "word walks over it."
    yield ""
    yield "| the parcel is at least | reported by | as |"
    yield "|---|---|---|"
    for state, rank in STAGE_RANK.items():
        for system, words in PROGRESS.items():
            if said := [word for word, progress in words.items() if progress == rank]:
                quoted = "、".join(f"`{word}`" for word in said)
                yield f"| {_named(ParcelState, state)} | {_named(CauseKind, system)} | {quoted} |"


def _verbs() -> Iterator[str]:
    yield "## Verbs of the trail 轨迹"
    yield ""
    yield "What an event's `verb` can be. A hold lives from `hold_opened` to `hold_lifted` or `hold_withdrawn` with the"
    yield "same `key`; `hold_confirmed` decides on it without ending it. A label lives from `waybill_requested` until"
    yield "`label_voided` or `waybill_failed`, or until a `print_result` of `failed`."
    yield ""
    yield "| verb | |"
    yield "|---|---|"
    for verb, words in VERBS.items():
        yield f"| `{verb}` | {words} |"


def _needs() -> Iterator[str]:
    yield "## What the needs say"
    yield ""
    yield "| need | what a person reads when it is not met |"
    yield "|---|---|"
    for need in Need:
        yield f"| `{need}` | {need.label} |"


def _move(move: str) -> str:
    return f"{MOVE_LABELS[Move(move)]} `{move}`"


def _named(states: type[TextChoices], state: str) -> str:
    return f"{states(state).label} `{state}`"


def _listed(words: Iterable[TextChoices]) -> str:
    return "、".join(f"{word.label} `{word}`" for word in words)


def _who(subject: str, move: str, states: type[TextChoices]) -> str:
    policy = DEFAULT_POLICIES[subject, move]
    people = _listed(role for role in Role if role in policy.roles)
    systems = _listed(kind for kind in CauseKind if kind in policy.causes)
    narrowed = [
        f"from {_named(states, state)} of these people only {_listed(role for role in Role if role in roles)}"
        for (of, name, state), roles in ROLES_FROM_STATE.items()
        if (of, name) == (subject, move)
    ]
    return "; ".join(part for part in (people, f"systems: {systems}" if systems else "", *narrowed) if part)


def _what(subject: str, move: str) -> str:
    return "、".join(f"`{need}`" for need in required_needs(DEFAULT_POLICIES[subject, move], move)) or "–"
