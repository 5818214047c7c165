"""The demo that stays: a newcomer signs in by one address and changes the desk's own rules."""

from __future__ import annotations

import http.client
import io
import re
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from rich.console import Console

from maild.demo.scenario import Stage, play
from maild.web.console import Console as Web
from tests.browser.site import key
from tests.waiting import WAIT_SECONDS, until


def test_the_demo_stays_and_its_rules_are_changed_on_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def newcomer(stage: Stage, web: Web) -> None:
        port = re.search(
            r"127.0.0.1:(\d+)", (tmp_path / "maild.toml").read_text().split("[web]")[1]
        )
        assert port is not None
        visit = Visitor(int(port[1]))
        status, _ = visit.ask("POST", f"/greeting/{web.greeting}")
        assert (status, visit.at) == (303, "/demo")
        form = {"who": "ann@acme.example", "subject": "Phone is dead", "text": "No tone."}
        assert visit.ask("POST", "/demo", form)[0] == 303
        until(lambda: "Phone is dead" in visit.ask("GET", "/tickets?view=unassigned")[1])
        status, said = visit.ask("POST", "/admin/rules", {"key": key()})
        assert status == 200 and "in a moment" in said
        until(lambda: visit.ask("GET", "/admin/files/rules.yaml")[0] == 200)
        assert "Phone is dead" in visit.ask("GET", "/tickets?view=unassigned")[1]
        form = {"who": "ann@acme.example", "subject": "And the fax", "text": "Silent."}
        assert visit.ask("POST", "/demo", form)[0] == 303
        until(lambda: "And the fax" in visit.ask("GET", "/tickets?view=unassigned")[1])
        seen.append("all")

    app = play(tmp_path, Console(file=io.StringIO()), newcomer)
    app.close()
    assert seen == ["all"]
    assert '"event"' not in capfd.readouterr().err  # no log between the scenes


class Visitor:
    """A browser without a screen."""

    def __init__(self, port: int) -> None:
        self.port, self.cookie, self.at = port, "", ""

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and text; 0 where nobody answers at this moment."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        headers = {"Sec-Fetch-Site": "same-origin", "Cookie": self.cookie}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(form or {}), headers)
            answer = connection.getresponse()
            self.at = urlsplit(answer.getheader("Location") or "").path
            self.cookie = (answer.getheader("Set-Cookie") or self.cookie).partition(";")[0]
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()
