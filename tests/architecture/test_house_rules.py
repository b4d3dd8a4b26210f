"""Rules of the house that the import linter cannot see: sizes, strings, assignments, relations."""

import ast
from collections.abc import Iterator
from importlib import metadata
from io import StringIO
from pathlib import Path
from weakref import ReferenceType

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db.models import signals

from integrations import jobs

ROOT: Path = settings.BASE_DIR
ROOMS = ("ordertower", "alerts", "integrations", "orders")
LONGEST = 400
# A signal handler of ours would act on rows behind the services' backs. simple-history lives by them.
STRANGERS = ("simple_history", "django", "axes", "rest_framework", "import_export", "unfold")


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "__pycache__" not in path.parts)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


# Sizes and names ----------------------------------------------------------------------------------------------------
def test_no_module_is_longer_than_400_lines() -> None:
    written = [path for path in modules(*ROOMS, "tests") if path.parent.name != "migrations"]
    sizes = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in written}
    assert len(sizes) > 100
    assert {path: lines for path, lines in sizes.items() if lines > LONGEST} == {}


def test_nothing_is_called_utils() -> None:
    names = {"utils", "util", "helpers", "misc", "common"}
    assert [name(path) for path in modules(*ROOMS, "tests") if names & {path.stem, path.parent.name}] == []


# One writer ---------------------------------------------------------------------------------------------------------
def state_writes(code: ast.Module) -> list[tuple[int, str]]:
    """Where the code assigns an attribute `state`, sets it by name, or updates it in the database: (line, of what)."""
    found = []
    for node in ast.walk(code):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [
                (node.lineno, ast.unparse(part.value))
                for target in targets
                for part in ast.walk(target)
                if isinstance(part, ast.Attribute) and part.attr == "state" and isinstance(part.ctx, ast.Store)
            ]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called == "setattr" and isinstance(node.args[1], ast.Constant) and node.args[1].value == "state":
                found.append((node.lineno, ast.unparse(node.args[0])))
            if called.endswith((".update", ".bulk_update")) and writes_state(node):
                found.append((node.lineno, called))
    return found


def writes_state(call: ast.Call) -> bool:
    if any(keyword.arg == "state" for keyword in call.keywords):
        return True
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg is None)]
    return any(isinstance(part, ast.Constant) and part.value == "state" for each in given for part in ast.walk(each))


def speaks_of_an_order(what: str) -> bool:
    """By the name of what is written to: orders, parcels, labels and holds are called so everywhere."""
    words = what.lower().replace("_", ".").split(".")
    return any(word.split("(")[0].rstrip("s") in ("order", "parcel", "label", "hold", "self") for word in words)


def test_only_services_write_the_state_of_orders_parcels_labels_and_holds() -> None:
    outside = [
        path for path in modules(*ROOMS) if not name(path).startswith(("orders/services/", "orders/migrations/"))
    ]
    found = [
        f"{name(path)}:{line} {what}"
        for path in outside
        for line, what in state_writes(tree(path))
        if speaks_of_an_order(what)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "order.state = 'paid'",
        "self.parcel.state = 'packed'",
        "label.state, label.error = 'failed', 'x'",
        "setattr(order, 'state', 'paid')",
        "Order.objects.filter(pk=1).update(state='paid')",
        "Parcel.objects.bulk_update(rows, ['state'])",
        "Hold.objects.filter(pk=1).update(**{'state': 'lifted'})",
    ],
)
def test_a_planted_write_of_a_state_is_seen(line: str) -> None:
    assert [what for _, what in state_writes(ast.parse(line)) if speaks_of_an_order(what)]


def test_only_services_call_the_moves() -> None:
    """The transitions are methods; calling one elsewhere would move without lock, check or event."""
    moves = {
        "pay",
        "release",
        "cancel",
        "return_",
        "pack",
        "unpack",
        "ship",
        "sign",
        "void",
        "reappear",
        "follow_parcels",
    }
    found = [
        f"{name(path)}:{node.lineno} {ast.unparse(node.func)}"
        for path in modules("orders", "alerts", "ordertower")
        if not name(path).startswith("orders/services/")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in moves
        and ast.unparse(node.func.value).rpartition(".")[2] in ("order", "parcel")
    ]
    assert found == []


# Layers and settings ------------------------------------------------------------------------------------------------
def test_relations_point_down_the_layers_only() -> None:
    found = []
    for model in apps.get_models(include_auto_created=True):
        room = model._meta.app_label
        for field in model._meta.get_fields():
            target = field.related_model if field.is_relation and not field.auto_created else None
            if room in ROOMS and target and not isinstance(target, str) and target._meta.app_label in ROOMS:
                if ROOMS.index(target._meta.app_label) < ROOMS.index(room):
                    found.append(f"{model._meta.label}.{field.name} → {target._meta.label}")
            elif room not in ROOMS and target and not isinstance(target, str) and target._meta.app_label in ROOMS:
                found.append(f"{model._meta.label}.{field.name} → {target._meta.label}")
    assert found == []


def test_no_request_is_a_transaction() -> None:
    """Services are the outermost transaction (law 4): else a refusal could be rolled back by its door."""
    assert {alias: config.get("ATOMIC_REQUESTS", False) for alias, config in settings.DATABASES.items()} == {
        "default": False
    }
    found = [name(path) for path in modules(*ROOMS) if "ATOMIC_REQUESTS" in path.read_text(encoding="utf-8")]
    assert found == ["ordertower/settings.py"]


def test_nothing_reacts_to_a_save() -> None:
    """An event is written by the service that acts; nothing of ours listens to rows being saved or deleted."""
    ours = []
    for signal in (signals.pre_save, signals.post_save, signals.pre_delete, signals.post_delete, signals.m2m_changed):
        for _key, receiver, *_rest in signal.receivers:
            listener = receiver() if isinstance(receiver, ReferenceType) else receiver
            module = getattr(listener, "__module__", "")
            if listener is not None and not module.startswith(STRANGERS):
                ours.append(f"{module}.{getattr(listener, '__qualname__', listener)}")
    assert ours == []
    words = ("post_save", "pre_save", "post_delete", "pre_delete", "m2m_changed")
    assert [
        name(path) for path in modules(*ROOMS) if any(word in path.read_text(encoding="utf-8") for word in words)
    ] == []


@pytest.mark.django_db
def test_every_model_change_has_its_migration() -> None:
    said = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=said, stderr=said)
    assert "No changes detected" in said.getvalue() or "没有检测到" in said.getvalue()


def test_django_fsm_is_not_installed_beside_its_successor() -> None:
    """Both own the module `django_fsm`: whichever was installed last would win in silence."""
    installed = {(each.metadata["Name"] or "").lower() for each in metadata.distributions()}
    assert "django-fsm-2" in installed
    assert "django-fsm" not in installed


# Jobs ---------------------------------------------------------------------------------------------------------------
def planned_kinds() -> dict[str, str]:
    """Kind → where: the first argument of every `jobs.plan(...)`, also through functions that hand it on."""
    found: dict[str, str] = {}
    for path in modules(*ROOMS):
        code = tree(path)
        # Functions of this module that plan whatever kind they are given, by the name of their first argument.
        relays = {
            function.name
            for function in ast.walk(code)
            if isinstance(function, ast.FunctionDef)
            for call in ast.walk(function)
            if is_plan(call) and first(call, ast.Name) in [argument.arg for argument in function.args.args[:1]]
        }
        for call in ast.walk(code):
            if is_plan(call) or (
                isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in relays
            ):
                kind = first(call, ast.Constant)
                if kind is not None:
                    found[kind] = f"{name(path)}:{call.lineno}"
                elif first(call, ast.Name) is None:
                    raise AssertionError(f"{name(path)}:{call.lineno} plans a kind that cannot be read")
    return found


def is_plan(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "jobs.plan"


def first(call: ast.AST, kind: type[ast.Constant] | type[ast.Name]) -> str | None:
    argument = call.args[0] if isinstance(call, ast.Call) and call.args else None
    if isinstance(argument, kind):
        return str(argument.value) if isinstance(argument, ast.Constant) else str(getattr(argument, "id", ""))
    return None


def test_every_planned_job_has_a_handler() -> None:
    planned = planned_kinds()
    assert {"release_order", "request_waybill", "pend_parcel", "send_alert"} <= set(planned)
    assert {kind: where for kind, where in planned.items() if kind not in jobs.kinds()} == {}


def test_every_handler_is_planned_somewhere() -> None:
    assert set(jobs.kinds()) - set(planned_kinds()) == set()


# Emulators ----------------------------------------------------------------------------------------------------------
# What both sides may share: the frame, the wire, the clock. Nothing that reads or writes a protocol.
SHARED = {"integrations.emulation", "integrations.errors", "integrations.http", "orders.clock", "orders"}


def test_an_emulator_shares_no_code_with_its_connector() -> None:
    """One that did would agree with the connector's mistakes."""
    emulators = [path for path in modules("integrations") if path.stem.startswith("emulator")]
    assert len(emulators) > 40
    shared = {}
    for path in emulators:
        own = ".".join(path.parent.relative_to(ROOT).parts)
        taken = {module for module in imported(path) if module.partition(".")[0] in ROOMS}
        taken = {module for module in taken if not module.removeprefix(f"{own}.").startswith("emulator")}
        if left := taken - SHARED:
            shared[name(path)] = left
    assert shared == {}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            package = node.module.startswith("integrations.") and node.module.count(".") == 2
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if package else {node.module}
    return found
