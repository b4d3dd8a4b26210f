"""What the database itself refuses, whoever asks: the second wall behind the services (laws 5, 8 and 12).

A migration that rebuilds one of these tables (on SQLite every change of a column does) takes its triggers away and
must call `raise_walls` again at its end; `tests/orders/test_law_12_the_trail.py` and `test_walls.py` notice.
"""

from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from orders.lifecycle import LabelState

_L = LabelState
# Law 5: from where a label may go where. What is not here is a way back; void and failed are final.
LABEL_STEPS: dict[str, tuple[str, ...]] = {
    _L.REQUESTED: (_L.LIVE, _L.FAILED, _L.VOID),
    # To printed without a claim: a print that another system made and reported.
    _L.LIVE: (_L.CLAIMED, _L.PRINTED, _L.VOID),
    _L.CLAIMED: (_L.PRINTED, _L.UNKNOWN, _L.FAILED, _L.VOID),
    _L.UNKNOWN: (_L.PRINTED, _L.FAILED, _L.VOID),
    _L.PRINTED: (_L.VOID,),
}


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word!s}'" for word in words)


def _a_step_back() -> str:
    steps = " OR ".join(
        f"(OLD.state = '{source!s}' AND NEW.state IN ({_quoted(targets)}))" for source, targets in LABEL_STEPS.items()
    )
    return f"OLD.state <> NEW.state AND NOT ({steps})"


@dataclass(frozen=True)
class Wall:
    name: str
    table: str
    acts: tuple[str, ...]
    message: str
    # The same words on both engines.
    when: str = ""
    # SQLite's INSERT OR REPLACE deletes without asking a DELETE trigger: these columns may not be taken twice.
    taken_once: tuple[str, ...] = ()


WALLS = (
    Wall("events_stay", "orders_event", ("UPDATE", "DELETE", "TRUNCATE"), "events are append-only", taken_once=("id",)),
    Wall(
        "anchors_stay",
        "orders_anchor",
        ("UPDATE", "DELETE", "TRUNCATE"),
        "anchors are append-only",
        taken_once=("id", "seq"),
    ),
    Wall("fact_keys_stay", "orders_factkey", ("UPDATE",), "a fact key is never changed"),
    Wall("labels_go_forward", "orders_label", ("UPDATE",), "a label never goes back", when=_a_step_back()),
)

# Django makes no constraint with `nulls_distinct=False` on SQLite, so that "one row where this is empty" would be
# no constraint there at all. Name → the table and what is unique.
UNIQUE_WITH_NULLS = {
    "one_membership_each": "orders_membership (user_id, company_id, COALESCE(warehouse_id, 0), role)",
    "one_policy_per_act": "orders_transitionpolicy (company_id, COALESCE(warehouse_id, 0), act)",
    "one_link_each": "orders_documentlink (document_id, order_id, COALESCE(parcel_id, 0))",
    "one_current_map_per_sku": "orders_skumap (company_id, COALESCE(shop_id, 0), sku) WHERE valid_to IS NULL",
}

# SQLSTATE 23000 reaches Python as the IntegrityError that SQLite's RAISE becomes too.
_REFUSE = """
CREATE OR REPLACE FUNCTION tower_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = '23000';
END $$
"""


def raise_walls(connection: BaseDatabaseWrapper) -> None:
    """Put every wall up, or up again."""
    lower_walls(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            _raise_on_sqlite(cursor)
        else:
            cursor.execute(_REFUSE)
            for wall in WALLS:
                _raise_on_postgres(cursor, wall)


def lower_walls(connection: BaseDatabaseWrapper) -> None:
    """Take every wall down: for a migration that goes back, and for emptying the whole database."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for wall in WALLS:
                for name in _sqlite_names(wall):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            for name in UNIQUE_WITH_NULLS:
                cursor.execute(f"DROP INDEX IF EXISTS {name}")
            return
        # A partition's own copy of its parent's trigger goes with the parent's.
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger"
            " WHERE tgfoid = to_regproc('tower_refuse') AND tgparentid = 0"
        )
        for name, table in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name} ON {table}")
        cursor.execute("DROP FUNCTION IF EXISTS tower_refuse()")


def walls_stand(connection: BaseDatabaseWrapper) -> bool:
    """Whether every wall is up on PostgreSQL: they are taken down all together."""
    names = {name for wall in WALLS for name in [wall.name, *([f"{wall.name}_truncate"] * ("TRUNCATE" in wall.acts))]}
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tgname FROM pg_trigger WHERE tgfoid = to_regproc('tower_refuse')")
        return names <= {name for (name,) in cursor.fetchall()}


def guard_partition(cursor: CursorWrapper, table: str, partition: str) -> None:
    """PostgreSQL hands row triggers down to a new partition, but none against TRUNCATE."""
    cursor.execute("SELECT to_regproc('tower_refuse') IS NOT NULL")
    if not cursor.fetchone()[0]:
        return
    for wall in WALLS:
        if wall.table == table and "TRUNCATE" in wall.acts:
            _refuse_truncate(cursor, wall, partition)


def _sqlite_names(wall: Wall) -> list[str]:
    return [f"{wall.name}_{act.lower()}" for act in (*wall.acts, "INSERT") if act != "TRUNCATE"]


def _raise_on_sqlite(cursor: CursorWrapper) -> None:
    for wall in WALLS:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{wall.message}'); END"
        for act in wall.acts:
            if act != "TRUNCATE":
                when = f"WHEN {wall.when}" if wall.when else ""
                cursor.execute(f"CREATE TRIGGER {wall.name}_{act.lower()} BEFORE {act} ON {wall.table} {when} {refuse}")
        if wall.taken_once:
            taken = " OR ".join(f"{column} = NEW.{column}" for column in wall.taken_once)
            cursor.execute(
                f"CREATE TRIGGER {wall.name}_insert BEFORE INSERT ON {wall.table}"
                f" WHEN EXISTS (SELECT 1 FROM {wall.table} WHERE {taken}) {refuse}"
            )
    for name, what in UNIQUE_WITH_NULLS.items():
        cursor.execute(f"CREATE UNIQUE INDEX {name} ON {what}")


def _raise_on_postgres(cursor: CursorWrapper, wall: Wall) -> None:
    when = f"WHEN ({wall.when})" if wall.when else ""
    acts = " OR ".join(act for act in wall.acts if act != "TRUNCATE")
    cursor.execute(
        f"CREATE TRIGGER {wall.name} BEFORE {acts} ON {wall.table}"
        f" FOR EACH ROW {when} EXECUTE FUNCTION tower_refuse('{wall.message}')"
    )
    if "TRUNCATE" in wall.acts:
        for table in [wall.table, *_partitions(cursor, wall.table)]:
            _refuse_truncate(cursor, wall, table)


def _refuse_truncate(cursor: CursorWrapper, wall: Wall, table: str) -> None:
    cursor.execute(
        f"CREATE TRIGGER {wall.name}_truncate BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION tower_refuse('{wall.message}')"
    )


def _partitions(cursor: CursorWrapper, table: str) -> list[Any]:
    cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table])
    return [name for (name,) in cursor.fetchall()]
