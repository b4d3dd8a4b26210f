"""The two shapes of the tower: production with every line of the Procfile, and the embedded one."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.engines import free_port
from tests.toughness.parts import Part, Postgres, answers, procfile_parts, redis_part

SECRETS = ("TOWER_SECRET_KEY", "TOWER_MASTER_KEYS", "TOWER_INDEX_KEY", "TOWER_ANCHOR_KEY")


@dataclass
class Tower:
    """The shape that is tortured, by the names that blows use."""

    url: str
    parts: dict[str, Part]
    environment: dict[str, str]
    redis_port: int | None = None

    def start(self, *names: str) -> None:
        for name in names or self.parts:
            self.parts[name].start()
        for name in names or self.parts:
            self.parts[name].wait_until_up()


def environment_of(folder: Path, **given: str) -> dict[str, str]:
    """Nothing of the test run's own environment may reach the tower."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TOWER_", "PYTEST_", "DJANGO_")) and name not in ("DATABASE_URL", "REDIS_URL")
    }
    return kept | {"DJANGO_SETTINGS_MODULE": "ordertower.settings", "TOWER_VAR": str(folder / "var")} | given


def production(folder: Path, keep: Callable[[Part], Part]) -> Tower:
    """PostgreSQL, Redis, and every line of the Procfile."""
    plain = environment_of(folder)
    postgres = Postgres(folder, plain)
    keep(postgres)
    redis, redis_port = redis_part(folder, plain)
    keep(redis)
    port = free_port()
    environment = environment_of(
        folder,
        DATABASE_URL=postgres.url,
        REDIS_URL=f"redis://127.0.0.1:{redis_port}/0",
        TOWER_PRODUCTION="1",
        # The street has no certificates.
        TOWER_SSL_REDIRECT="0",
        **{name: f"{name}-of-the-rig-{'x' * 50}" for name in SECRETS},
    )
    parts: dict[str, Part] = {"postgres": postgres, "redis": redis}
    parts |= {part.name: part for part in procfile_parts(folder, environment, port=port)}
    for part in list(parts.values())[2:]:
        keep(part)
    return Tower(f"http://127.0.0.1:{port}", parts, environment, redis_port)


def create_database(url: str) -> None:
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')


def embedded(folder: Path, keep: Callable[[Part], Part]) -> Tower:
    """`manage.py tower` on SQLite, as `make run` has it."""
    environment = environment_of(folder)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "manage.py", "tower", "--port", port]
    part = Part("tower", command, folder=folder, environment=environment, answers=lambda: answers(f"{url}/healthz"))
    keep(part)
    return Tower(url, {"tower": part}, environment)
