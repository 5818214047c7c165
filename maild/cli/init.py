"""`maild init` writes a configuration to begin with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

SAMPLE = Path(__file__).parent / "maild.toml"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to.")] = Path(),
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="Write a copy of a profile to edit."),
    ] = None,
) -> None:
    """Write a commented maild.toml and the folders beside it."""
    file = folder / "maild.toml"
    source = _shipped(profile) if profile else None
    (folder / "var").mkdir(parents=True, exist_ok=True)
    (folder / "templates").mkdir(exist_ok=True)
    if file.exists():
        print(f"{file} is there already and was left as it is.")
    else:
        text = SAMPLE.read_text("utf-8")
        if source is not None:
            text = re.sub(r'(?m)^profile = "\w+"', f'profile = "{source.name}/"', text)
        file.write_text(text, "utf-8")
        print(f"Wrote {file}. Put in your mailbox and SMTP relay, then run `maild check`.")
    if source is not None:
        _copy(source, folder / source.name)


def _shipped(profile: str) -> Path:
    from maild.desk.profile import shipped  # without it there is no profile to know

    return shipped(profile)


def _copy(source: Path, target: Path) -> None:
    """A profile's files to edit; what is there already stays."""
    if target.exists():
        print(f"{target} is there already and was left as it is.")
        return
    for file in sorted(source.rglob("*")):
        if file.is_file() and file.parent.name != "__pycache__":
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())  # not the modes: ours may be read by all
    print(
        f"Wrote {target}, a copy of the profile to edit. `maild rules check` reads it; in "
        f'maild.toml `profile = "{target.name}/"` names it.'
    )
