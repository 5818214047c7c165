"""Reads maild.toml: all mistakes at once, each with its key and what is allowed."""

import difflib
import os
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from maild import octets, spool
from maild.config.logins import SECRET_FILES
from maild.config.whole import Config
from maild.errors import UsageError


class Settings:
    """A read configuration and the folder that its relative paths start from."""

    def __init__(self, config: Config, file: Path, in_force: Path | None = None) -> None:
        """`in_force`: where the admin's own words are read instead, as some of them are broken."""
        self.config = config
        self.file = file
        self.folder = file.parent
        self.in_force = in_force or self.folder

    def quiet(self) -> "Settings":
        """The same for a desk that sends nothing (`[desk] mode = "listen"`)."""
        desk = self.config.desk.model_copy(update={"mode": "listen"})
        return self.with_config(self.config.model_copy(update={"desk": desk}))

    def with_config(self, config: Config) -> "Settings":
        """The same files, and this configuration."""
        return Settings(config, self.file, self.in_force)

    def reading(self, in_force: Path | None) -> "Settings":
        """The same, with the admin's own words read from there; None: where they are."""
        return Settings(self.config, self.file, in_force)

    @property
    def database_url(self) -> str:
        """The database's address; a relative SQLite file starts from the file's folder."""
        url = self.config.database.url
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return prefix + str((self.folder / url[len(prefix) :]).resolve())
        return url

    @property
    def database_file(self) -> Path | None:
        """The file of an SQLite database; None for a server, or one in memory."""
        prefix = "sqlite:///"
        url = self.database_url.partition("?")[0]
        return (
            Path(url[len(prefix) :]) if url.startswith(prefix) and ":memory:" not in url else None
        )

    def secret_files(self) -> Iterator[Path]:
        """The files that passwords, client secrets and refresh tokens are read from."""
        for server in (*self.config.mailbox, self.config.smtp, *self.config.partner):
            for section in (server, getattr(server, "oauth", None)):
                found = (getattr(section, key, None) for key in SECRET_FILES)
                yield from (file for file in found if file is not None)

    @cached_property
    def templates(self) -> Path:
        """The folder of the admin's own templates, which need not exist."""
        return self.path("templates")

    @cached_property
    def templates_in_force(self) -> Path:
        """The same to read from: of a broken file it has the last good one."""
        return (self.in_force / "templates").resolve()

    def path(self, value: str | Path) -> Path:
        """An absolute path; a relative one starts from the configuration's folder."""
        return (self.folder / value).resolve()


def config_file(option: Path | None) -> Path:
    """--config, else $MAILD_CONFIG, else ./maild.toml."""
    return option or Path(os.environ.get("MAILD_CONFIG") or "maild.toml")


def load(file: Path) -> Settings:
    """Reads and validates; UsageError lists every mistake with its key and what is allowed."""
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no {file}. Run `maild init` to write one, or name it with --config."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not TOML: {error}.") from error
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        lines = [line for one in error.errors() for line in _sentence(one).splitlines()]
        raise UsageError("\n".join(f"{file}: {line}" for line in lines)) from error
    settings = Settings(_resolved(config, file.parent), file)
    database = settings.database_file
    octets.use(
        config.store.raw, file.parent.resolve(), database.parent / "large" if database else None
    )
    spool.use((database.parent if database else settings.path("var")) / "spool")
    return settings


def _resolved(config: Config, folder: Path) -> Config:
    """Files of secrets are found from the configuration's folder."""

    def resolve(section: Any) -> Any:
        update = {
            key: folder / value
            for key in SECRET_FILES
            if (value := getattr(section, key, None)) is not None
        }
        if getattr(section, "oauth", None) is not None:
            update["oauth"] = resolve(section.oauth)
        return section.model_copy(update=update)

    mailboxes = [resolve(mailbox) for mailbox in config.mailbox]
    if config.desk.listens:  # the other helpdesk wants to find its mail
        mailboxes = [mailbox.model_copy(update={"after": "keep"}) for mailbox in mailboxes]
    partners = [resolve(partner) for partner in config.partner]
    return config.model_copy(
        update={"mailbox": mailboxes, "smtp": resolve(config.smtp), "partner": partners}
    )


def _sentence(details: ErrorDetails) -> str:
    """One mistake: key, what is wrong, what was found (never a secret), what is allowed."""
    key = _key(details["loc"])
    if details["type"] == "extra_forbidden":
        allowed = _keys_at(details["loc"][:-1])
        close = difflib.get_close_matches(str(details["loc"][-1]), allowed, 1)
        hint = f"did you mean {close[0]}?" if close else f"possible are {', '.join(allowed)}."
        return f"{key}: this key is not known; {hint}"
    if details["type"] == "missing":
        return f"{key}: this key is missing."
    message = details["msg"].removeprefix("Value error, ").replace("\n", ".\n")
    message = message[:1].lower() + message[1:]
    found = details["input"]
    secret = any(word in key for word in ("password", "secret"))
    plain = isinstance(found, str | int | float | bool) and not secret
    end = f" (found {found!r})." if plain else "" if message.endswith("?") else "."
    return (f"{key}: " if key else "") + message + end


def _key(loc: tuple[int | str, ...]) -> str:
    """("mailbox", 0, "port") → "[[mailbox]] 1, port"."""
    if len(loc) >= 2 and isinstance(loc[1], int):
        rest = ".".join(map(str, loc[2:]))
        return f"[[{loc[0]}]] {loc[1] + 1}" + (f", {rest}" if rest else "")
    if len(loc) >= 2:
        return f"[{loc[0]}] {'.'.join(map(str, loc[1:]))}"
    if not loc:
        return ""
    field = Config.model_fields.get(str(loc[0]))
    return f"[{loc[0]}]" if field and field.default_factory else str(loc[0])


def _keys_at(loc: tuple[int | str, ...]) -> list[str]:
    model: Any = Config
    for step in loc:
        if isinstance(step, int):
            continue
        annotation = model.model_fields[step].annotation
        model = getattr(annotation, "__args__", (annotation,))[0]
    return sorted(model.model_fields)
