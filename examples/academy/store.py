"""The academy's database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Engine, text
from werkzeug.security import check_password_hash, generate_password_hash

URL = os.environ.get("DATABASE_URL", "postgresql://127.0.0.1/academy")
#: Who logs in every minute, to see that it can be done; no secret, so its hash need not be slow.
PROBE, PASSWORD, QUICK = "probe@academy.example.org", "correct horse", "pbkdf2:sha256:1000"
REGISTER = """INSERT INTO users (email, password) VALUES (:email, :password)
ON CONFLICT DO NOTHING RETURNING id"""


def open_engine() -> Engine:
    """A pool of connections, of which none waits for ever."""
    return sqlalchemy.create_engine(  # found in its module: obskit puts its own there
        URL.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=12,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
        connect_args={"application_name": "academy", "connect_timeout": 3},
    )


def ask(engine: Engine, statement: str, **values: Any) -> list[Any]:
    """What a statement finds, in a transaction of its own."""
    with engine.begin() as connection:
        result = connection.execute(text(statement), values)
        return list(result) if result.returns_rows else []


def verify(engine: Engine, email: str, password: str) -> int | None:
    """The user with this address, where the password is right."""
    found = ask(engine, "SELECT id, password FROM users WHERE email = :email", email=email)
    return found[0].id if found and check_password_hash(found[0].password, password) else None


def prepare(engine: Engine) -> None:
    """Make the tables that are not there yet, and those who learn."""
    here = Path(__file__).parent
    with engine.begin() as connection:
        connection.exec_driver_sql((here / "schema.sql").read_text())
        if not connection.scalar(text("SELECT count(*) FROM users")):
            connection.exec_driver_sql((here / "seed.sql").read_text())
    ask(engine, REGISTER, email=PROBE, password=generate_password_hash(PASSWORD, QUICK))


if __name__ == "__main__":
    prepare(open_engine())
