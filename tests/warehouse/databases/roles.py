"""A warehouse on PostgreSQL with the roles of deploy/postgres/roles.sql, made as administrators do.

Each role has the same password, so that a test may come as any of them.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import Postgres
from tools.postgres_server import programs
from txcat_assets.warehouse.databases.postgres import PostgresWarehouse

SCRIPT = Path(__file__).parents[3] / "deploy" / "postgres" / "roles.sql"
PASSWORD = "of all three"  # noqa: S105


@dataclass(frozen=True)
class Installation:
    """A database with the three roles."""

    postgres: Postgres
    url: str

    def as_(self, role: str) -> PostgresWarehouse:
        """The warehouse as a role sees it."""
        name = self.url.rpartition("/")[2]
        url = self.postgres.url_of(name, user=f"txcat_{role}", password=PASSWORD)
        return PostgresWarehouse(url, wait_seconds=5, statement_seconds=60)

    def run_script(self) -> None:
        """What an administrator does once, or again."""
        run("psql", self.url, "-q", "-v", "ON_ERROR_STOP=1", "-f", SCRIPT)


def run(program: str, *arguments: object) -> None:
    """Run a program of PostgreSQL."""
    command = [str(programs() / program), *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def installed(postgres: Postgres) -> Iterator[Installation]:
    """A new database whose roles have passwords, while the block runs."""
    with postgres.database() as url:
        made = Installation(postgres, url)
        made.run_script()
        for role in ("owner", "writer", "reader", "api"):
            postgres.run(f"ALTER ROLE {{name}} PASSWORD '{PASSWORD}'", name=f"txcat_{role}")
        yield made
