"""Wrong words and wrong places: one sentence and a status, never a traceback."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maild.cli import app
from maild.cli.options import moment
from maild.errors import Unavailable, UsageError
from maild.store import Store
from tests.processes import run

MAIL = b"From: ann@acme.example\r\nSubject: Printer\r\n\r\nHello\r\n"


def ingest(folder: Path, *paths: str) -> Result:
    (folder / "maild.toml").write_text("")
    words = ["ingest", *paths, "--jsonl", "--config", str(folder / "maild.toml")]
    return CliRunner().invoke(app, words)


def test_a_path_that_is_not_there_fails_and_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(MAIL)
    done = ingest(tmp_path, str(tmp_path / "nothing.eml"), str(tmp_path / "one.eml"))
    assert done.exit_code == 1
    assert "nothing.eml is not there" in done.stderr
    assert '"outcome": "ticket"' in done.stdout


def test_a_mailbox_that_is_not_configured_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(MAIL)
    done = ingest(tmp_path, str(tmp_path / "one.eml"), "--mailbox", "suport")
    assert 'There is no [[mailbox]] named "suport"' in done.stderr
    assert '"outcome": "ticket"' in done.stdout
    assert ingest(tmp_path, str(tmp_path / "one.eml")).stderr == ""


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_clock_beyond_what_can_be_reckoned_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="year"):
        moment(text)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is not a database" * 100)
    store = Store(f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(Unavailable, match="not a database"), store.unit():
        pass
    store.close()


def test_a_database_whose_folder_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="folder"):
        Store(f"sqlite:///{tmp_path}/file/x.db")


def test_init_where_nothing_can_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("init", "file/desk", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("maild: file/desk/var: ")
    assert "report" not in done.stderr
