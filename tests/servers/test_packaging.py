"""What is shipped works where there is nothing of the source folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from maild import config
from maild.config import Config
from tests.servers.dovecot import missing

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"


def uv(*words: str) -> None:
    """Runs uv, or says that the test cannot be run."""
    found = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    if not Path(found).exists():
        missing("uv is not installed")
    done = subprocess.run([found, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode and re.search("(?i)network|offline|dns|connect|timed out", done.stderr):
        missing("the package index cannot be reached")
    assert done.returncode == 0, done.stderr


def test_the_wheel_is_all_that_maild_needs(tmp_path: Path) -> None:
    uv("build", "--quiet", "--wheel", "--out-dir", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    uv("venv", "--quiet", "--python", sys.executable, str(tmp_path / "empty"))
    python = tmp_path / "empty" / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", str(python), str(wheel))

    def maild(*words: str, status: int = 0, given: bytes = b"") -> str:
        done = subprocess.run(
            [str(python.with_name("maild")), *words],
            cwd=tmp_path,
            input=given,
            capture_output=True,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            check=False,
        )
        assert done.returncode == status, (done.stdout + done.stderr).decode()
        return done.stdout.decode()

    assert maild("--version").startswith("maild ")
    maild("init", "desk")
    here = ("--config", "desk/maild.toml")
    maild("rules", "check", *here)
    maild("templates", "check", *here)
    mail = b"From: Ann <ann@acme.example>\nSubject: Printer\nMessage-ID: <1@x>\n\nIt smokes.\n"
    assert json.loads(maild("ingest", "--jsonl", "-", *here, given=mail))["outcome"] == "ticket"
    assert "Printer" in maild("tickets", *here)
    maild("backup", "desk.backup", *here)
    maild("verify", *here)


def test_the_unit_is_one_that_systemd_takes_and_shuts_in() -> None:
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze is not installed")
    unit = PACKAGING / "maild.service"
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if "maild.service" in line]
    assert [line for line in said if "is not executable" not in line] == []
    looked = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"exposure level for maild.service: ([\d.]+)", looked.stdout)
    if found is None:
        pytest.skip("this systemd-analyze cannot look at a file")
    assert float(found[1]) <= 2.0


def test_the_container_copies_what_is_there_and_runs_as_nobody_special() -> None:
    text = (PACKAGING / "Containerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    assert copied and all((ROOT / name).exists() for line in copied for name in line.split())
    assert text.index("\nUSER maild") < text.index("\nCMD")


def test_the_compose_file_names_what_is_there_and_its_desk_can_be_read() -> None:
    """Every file and every service that is referred to; ours is shut in, nothing is seen from
    other machines, and the desk's configuration speaks to the ports that the services have."""
    text = (PACKAGING / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            there = (PACKAGING / source).is_file() if source.startswith(".") else True
            assert there and (source.startswith(".") or source in yaml.safe_load(text)["volumes"])
        assert service.get("network_mode", "service:postgres") == "service:postgres"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    ours = services["maild"]
    assert (PACKAGING / ours["build"]["context"] / ours["build"]["dockerfile"]).is_file()
    assert ours["read_only"] and ours["cap_drop"] == ["ALL"]
    settings = config.load(PACKAGING / "compose" / "maild.toml")
    assert settings.database_file is None
    assert {ours.tls for ours in settings.config.mailbox} == {"none"}


def test_the_compose_files_dovecot_takes_its_configuration() -> None:
    if shutil.which("doveconf") is None:
        pytest.skip("Dovecot is not installed here")
    place = PACKAGING / "compose" / "dovecot.conf"
    done = subprocess.run(
        ["doveconf", "-n", "-c", str(place)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "mail_location = maildir:/srv/mail/%u" in done.stdout


def test_rules_and_dashboard_speak_of_figures_that_there_are() -> None:
    rules = yaml.safe_load((PACKAGING / "alerts.yaml").read_text())["groups"][0]["rules"]
    panels = json.loads((PACKAGING / "grafana.json").read_text())["panels"]
    asked = [rule["expr"] for rule in rules]
    asked += [target["expr"] for panel in panels for target in panel["targets"]]
    used = set(re.findall(r"\bmaild_\w+", " ".join(asked)))
    code = (ROOT / "maild" / "monitor" / "metrics.py").read_text()
    known = set(re.findall(r'"(maild_\w+)"', code))
    known |= {f"maild_database_{name}" for name in ("bytes", "free_bytes")}
    assert used and used <= known
    assert Config().monitor.listen is None  # nobody listens unasked


def test_the_debian_package_has_what_the_unit_starts() -> None:
    """It takes a minute to build, so only what it says is looked at: `packaging/debian.sh`."""
    script = PACKAGING / "debian.sh"
    subprocess.run(["sh", "-n", str(script)], check=True)
    text, unit = script.read_text(), (PACKAGING / "maild.service").read_text()
    assert os.access(script, os.X_OK) and "packaging/maild.service" in text
    program = re.findall(r"^ExecStart=(\S+)", unit, re.MULTILINE)[0]
    assert f'venv --quiet --relocatable --python "$python" "$root{program[:-15]}' in text
    for folder in re.findall(r"^(?:StateDirectory|WorkingDirectory)=(\S+)", unit, re.MULTILINE):
        assert folder in text
