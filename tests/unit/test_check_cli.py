"""`maild check` finds what keeps maild from writing, and says it in a sentence (H4)."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from maild.cli import app

pytestmark = pytest.mark.usefixtures("tried_templates")
NOWHERE = '[database]\nurl = "postgresql://nobody@127.0.0.1:1/x"\n'


def _said(folder: Path) -> str:
    done = CliRunner().invoke(app, ["check", "--config", str(folder / "maild.toml")])
    assert done.exit_code in (1, 2)
    return " ".join(done.output.split())


def _file_for_folder(folder: Path) -> None:
    (folder / "maild.toml").write_text(NOWHERE)
    (folder / "var").write_text("")


def _junk(folder: Path) -> None:
    (folder / "maild.toml").write_text("")
    (folder / "var").mkdir()
    (folder / "var" / "maild.db").write_text("no database")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_file_for_folder, "var is a file; a folder is needed there for sent.journal."),
        (_file_for_folder, "FAIL The database does not answer as it should"),
        (_junk, "maild.db is not a database. Name another file"),
    ],
)
def test_what_cannot_be_written_is_found(tmp_path: Path, make: object, said: str) -> None:
    assert callable(make)
    make(tmp_path)
    assert said in _said(tmp_path)


def test_a_database_that_takes_no_writes_is_found(tmp_path: Path, postgres: str) -> None:
    file = tmp_path / "maild.toml"
    file.write_text(f'[database]\nurl = "{postgres}"\n')
    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert "in a read-only transaction" in _said(tmp_path)
