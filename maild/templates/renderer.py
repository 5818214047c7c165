"""Renders notifications where nothing that a template does can hurt, and never fails to (H71, H72).

The admin's own template first, in a process that can be stopped; where that one is broken, the
shipped one, and the reason beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maild.errors import MaildError
from maild.limited import MEMORY, Exceeded, Limited
from maild.templates.render import Rendered, render
from maild.templates.source import Library, Template

SECONDS = (
    3.0  # a mail renders in a thousandth of a second; a template that takes this long is wrong
)


@dataclass(frozen=True, slots=True)
class Job:
    """One mail to be rendered."""

    name: str
    language: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job."""

    words: Rendered | None  # None: not even the shipped template could be rendered
    problem: str = ""  # why the admin's own template, or any, could not be


class LocalRenderer:
    """Renders in this process."""

    def __init__(self, own: Path | None = None) -> None:
        self._own = own

    def render(self, jobs: Sequence[Job]) -> list[Outcome]:
        return render_all(self._own, jobs)

    def close(self) -> None:
        """Nothing is held."""


class LimitedRenderer:
    """Renders in a worker process with a clock and a bound on its memory."""

    def __init__(
        self, own: Path | None = None, *, seconds: float = SECONDS, memory: int = MEMORY
    ) -> None:
        self._own = own
        self._limited = Limited(seconds=seconds, memory=memory)
        self._stopped: dict[tuple[str, int], str] = {}  # files that went beyond a limit, and how

    def render(self, jobs: Sequence[Job]) -> list[Outcome]:
        """All of them in one go; where that goes beyond the limits, one by one."""
        try:
            return self._limited.run(render_all, self._own, list(jobs), self._stopped)
        except Exceeded:
            return [self._one(job) for job in jobs]

    def close(self) -> None:
        self._limited.close()

    def _one(self, job: Job) -> Outcome:
        try:
            return self._limited.run(render_all, self._own, [job], self._stopped)[0]
        except Exceeded as error:
            problem = error.message
        template = _own_template(self._own, job)
        if template is not None:
            problem = f"{template.origin} was stopped: {problem}."
            self._stopped[_version(template)] = problem
        try:
            shipped = self._limited.run(render_all, None, [job], {})[0]
        except Exceeded as error:
            return Outcome(None, f"Rendering was stopped: {error.message}.")
        return Outcome(shipped.words, problem)


def render_all(
    own: Path | None, jobs: Sequence[Job], stopped: Mapping[tuple[str, int], str] | None = None
) -> list[Outcome]:
    """Renders each job with the template that is in force; those in `stopped` are passed over."""
    library = Library(own)
    return [_render(library, job, stopped or {}) for job in jobs]


def _render(library: Library, job: Job, stopped: Mapping[tuple[str, int], str]) -> Outcome:
    try:
        template = library.get(job.name, job.language)
        problem = stopped.get(_version(template), "")
        if not problem:
            words, layout = library.words(job.language), library.layout()
            return Outcome(render(template, job.data, words, layout))
    except MaildError as error:
        problem = error.message
    shipped = Library()
    try:
        template = shipped.get(job.name, job.language)
        words, layout = shipped.words(job.language), shipped.layout()
        return Outcome(render(template, job.data, words, layout), problem)
    except MaildError as error:
        return Outcome(None, error.message)


def _own_template(own: Path | None, job: Job) -> Template | None:
    try:
        template = Library(own).get(job.name, job.language)
    except MaildError:
        return None
    return None if template.shipped else template


def _version(template: Template) -> tuple[str, int]:
    return template.origin, template.mtime
