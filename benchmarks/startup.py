"""How much CPU the command line takes until it has said something.

Each command runs as a person would start it, all of them in turns with the import of a library
that costs about as much, and the least of many runs counts: other work on the machine only ever
adds to it. So the ratio is the same whether the machine is busy or not. Bytecode is there, as
after the first start.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ingest import TOML
from benchmarks.mails import write_folder

REFERENCE = "python -c 'import sqlalchemy.orm'"
REFERENCES = {
    "python -c pass": [sys.executable, "-c", "pass"],
    REFERENCE: [sys.executable, "-c", "import sqlalchemy.orm"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, help="of each (default %(default)s)")
    parser.add_argument("--mails", type=int, default=20, help="on the desk (default %(default)s)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        number = desk(Path(folder), asked.mails)
        commands = REFERENCES | {
            f"maild {words}": [str(Path(sys.executable).with_name("maild")), *words.split()]
            for words in (
                "--version",
                "--help",
                "rules --help",
                "init new",
                "commands list",
                "parse mail/000000.eml",
                "tickets",
                "tickets --json",
                f"show {number}",
            )
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        seconds["maild run, until it is ready"] = []
        for _ in range(asked.runs + 1):
            for name, command in commands.items():
                seconds[name].append(cpu(command, Path(folder)))
            seconds["maild run, until it is ready"].append(until_ready(Path(folder)))
    least = {name: min(runs[1:]) for name, runs in seconds.items()}  # the first one compiles
    for name, found in least.items():
        print(f"{name:<36} {found:5.2f} s CPU   {found / least[REFERENCE]:5.2f} x {REFERENCE}")


def desk(folder: Path, mails: int) -> str:
    """A desk that has taken so many mails; the number of one ticket."""
    (folder / "maild.toml").write_text(TOML)
    write_folder(folder / "mail", mails)
    maild = str(Path(sys.executable).with_name("maild"))
    subprocess.run([maild, "ingest", "mail"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    listed = subprocess.run(
        [maild, "tickets", "--json"], cwd=folder, check=True, capture_output=True
    )
    return listed.stdout.decode().partition('"number": "')[2].partition('"')[0]


def cpu(command: list[str], folder: Path) -> float:
    """Seconds of CPU that a command takes, its children included."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return used.ru_utime + used.ru_stime


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def until_ready(folder: Path) -> float:
    """Seconds of CPU that the daemon and its workers take until it says so (sd_notify)."""
    place = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(place))
        daemon = subprocess.Popen(
            [str(Path(sys.executable).with_name("maild")), "run"],
            cwd=folder,
            env=_environment() | {"NOTIFY_SOCKET": str(place)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while b"READY=1" not in told.recv(4096):
            pass
        taken = sum(map(_taken, _with_children(daemon.pid)))
        daemon.terminate()
        daemon.wait()
    place.unlink()
    return taken


def _with_children(process: int) -> Iterator[int]:
    yield process
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _with_children(int(child))


def _taken(process: int) -> float:
    """Seconds of CPU of a process and of its children that ended (proc(5), stat)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
