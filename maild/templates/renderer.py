"""Renders notifications where nothing that a template does can hurt, and never fails to (H71, H72).

The admin's own template first, in a process that can be stopped; where that one is broken, the
shipped one, or of a notification of his own the version that was in force last, and the reason
beside it.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from maild import i18n
from maild.desk.notifications import Notification, catalogue
from maild.errors import MaildError, UsageError
from maild.i18n import sentence
from maild.templates.check import problems
from maild.templates.history import History
from maild.templates.render import Rendered, render
from maild.templates.source import Library, Template, beside, languages, parse
from maild.worker_pool import MEMORY, Exceeded, Task, TooLong, WorkerPool

Result = TypeVar("Result")
Then: TypeAlias = Callable[["Job", "Outcome"], Result]  # what is made of an outcome at once

TOGETHER = 10  # mails that a worker gets at a time: who is in a hurry waits for so many
AHEAD = 3  # times so many are rendered before somebody asks for them
SECONDS = 3.0  # a mail takes a thousandth of a second; a template that takes this is wrong


@dataclass(frozen=True)  # no slots: it is pickled, as its dict
class Job:
    """One mail to be rendered."""

    name: str
    language: str
    data: Mapping[str, Any]
    order: Any = None  # what `then` needs to make a mail of it; no template sees it
    folder: str | None = None  # beside the admin's templates, whose templates come first


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job."""

    words: Rendered | None  # None: not even the shipped template could be rendered
    problem: str = ""  # why the admin's own template, or any, could not be


def _outcome(_: Job, outcome: Outcome) -> Outcome:
    return outcome


class LocalRenderer:
    """Renders in this process."""

    def __init__(self, own: Path | None = None) -> None:
        self._own = own

    def render(self, jobs: Sequence[Job]) -> list[Outcome]:
        """An outcome for each job, in their order."""
        return list(self.render_then(_outcome, jobs))

    def render_then(self, then: Then[Result], jobs: Sequence[Job]) -> Iterator[Result]:
        """The same, with `then` made of each outcome."""
        return iter(render_all(self._own, jobs, {}, then))

    def run(self, work: Callable[..., Result], *args: object) -> Result:
        """Does the work here and now."""
        return work(*args)

    def close(self) -> None:
        """Nothing is held."""


class PooledRenderer:
    """Renders in a worker process with a clock and a bound on its memory."""

    def __init__(
        self,
        own: Path | Callable[[], Path] | None = None,
        *,
        seconds: float = SECONDS,
        memory: int = MEMORY,
        host: WorkerPool | None = None,
    ) -> None:
        """`own`: the folder of the admin's templates, or what says where it is at this moment.

        `host`: whose processes it renders in, when they have nothing else to do.
        """
        self._find = own if callable(own) else None
        self._own = None if callable(own) else own
        self.seconds = seconds
        self._pool = WorkerPool(seconds=seconds, memory=memory, host=host)
        self._stopped: dict[tuple[str, int], str] = {}  # versions that are not in force, and why
        self._seen: set[tuple[str, int]] = set()  # versions of the admin's files that were checked

    def render(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Some in one go; where that goes beyond the limits, one by one."""
        return list(self.render_then(_outcome, jobs))

    def render_then(self, then: Then[Result], jobs: Sequence[Job]) -> Iterator[Result]:
        """As `render`, and in the worker what `then` makes of each; it must not raise.

        While who asks is busy with some, the worker is at the next.
        """
        if self._find is not None:
            self._own = self._find()
        for place in {(job.name, job.language, job.folder) for job in jobs}:
            self._admit(*place)
        begun: deque[tuple[Sequence[Job], Task[list[Result]]]] = deque()
        for at in range(0, len(jobs), TOGETHER):
            part = jobs[at : at + TOGETHER]
            begun.append((part, self._begin(then, part)))
            if len(begun) > AHEAD:
                yield from self._made(then, *begun.popleft())
        for part, task in begun:
            yield from self._made(then, part, task)

    def _begin(self, then: Then[Result], jobs: Sequence[Job]) -> Task[list[Result]]:
        return self._pool.begin(render_all, self._own, list(jobs), dict(self._stopped), then)

    def _made(
        self, then: Then[Result], jobs: Sequence[Job], task: Task[list[Result]]
    ) -> list[Result]:
        try:
            return self._pool.given(task)
        except Exceeded:
            return [self._one(then, job) for job in jobs]

    def run(self, work: Callable[..., Result], *args: object) -> Result:
        """Other work on what strangers wrote, within the same limits; Exceeded beyond them."""
        return self._pool.run(work, *args)

    def close(self) -> None:
        """Ends the processes."""
        self._pool.close()

    def check(self, name: str, language: str, folder: str | None = None) -> list[str]:
        """What is wrong with the template that is in force; empty where all is well."""
        try:
            return self._pool.run(check, self._own, name, language, folder)
        except Exceeded as error:
            file = _file(Library(self._own, folder), name, language)
            return [sentence("{file} was stopped: {why}.", file=file, why=self._why(error))]

    def _admit(self, name: str, language: str, folder: str | None) -> None:
        """An edited file is checked before it is in force, and kept among its versions."""
        template = _own_template(Library(self._own, folder), name, language)
        if template is None or self._own is None or _version(template) in self._seen:
            return
        self._seen.add(_version(template))
        found = self.check(name, language, folder)
        if found:
            self._stopped[_version(template)] = found[0]
            return
        with contextlib.suppress(OSError):  # a folder that we may only read
            History(Path(template.origin).parent.parent).note(name, template.language)

    def _one(self, then: Then[Result], job: Job) -> Result:
        try:
            alone: list[Result] = self._pool.run(
                render_all, self._own, [job], dict(self._stopped), then
            )
        except Exceeded as error:
            return then(job, self._shipped(job, self._why(error)))
        return alone[0]

    def _why(self, error: Exceeded) -> str:
        if isinstance(error, TooLong):
            return sentence("it took longer than {seconds} seconds", seconds=f"{self.seconds:g}")
        return sentence("it took too much memory, or broke its process")

    def _shipped(self, job: Job, problem: str) -> Outcome:
        template = _own_template(Library(self._own, job.folder), job.name, job.language)
        if template is not None:
            problem = sentence("{file} was stopped: {why}.", file=template.origin, why=problem)
            self._stopped[_version(template)] = problem
        try:
            return self._pool.run(_spare, self._own, job, problem)
        except Exceeded as error:
            return Outcome(None, sentence("Rendering was stopped: {why}.", why=self._why(error)))


def render_all(
    own: Path | None,
    jobs: Sequence[Job],
    stopped: Mapping[tuple[str, int], str],
    then: Then[Result],
) -> list[Result]:
    """Renders each job with the template that is in force; those in `stopped` are passed over."""
    find = cache(partial(_files, own))  # the files as they are now, for all of them
    return [then(job, _render(find, own, job, stopped)) for job in jobs]


def _files(
    own: Path | None, folder: str | None, name: str, language: str
) -> tuple[Template, dict[str, str], str]:
    """What a mail is made of: its template, the words of the layout, and the layout."""
    library = Library(own, folder)
    return library.get(name, language), library.words(language), library.layout()


def _render(
    find: Callable[[str | None, str, str], tuple[Template, dict[str, str], str]],
    own: Path | None,
    job: Job,
    stopped: Mapping[tuple[str, int], str],
) -> Outcome:
    try:
        template, words, layout = find(job.folder, job.name, job.language)
        problem = stopped.get(_version(template), "")
        if not problem:
            return Outcome(render(template, job.data, words, layout))
    except MaildError as error:
        problem = error.message
    return _spare(own, job, problem)


def _spare(own: Path | None, job: Job, problem: str) -> Outcome:
    """With the template that takes the place of a broken one."""
    shipped = Library()
    try:
        template = _version_before(own, job) if own and not shipped.languages(job.name) else None
        template = template or shipped.get(job.name, job.language)
        words, layout = shipped.words(job.language), shipped.layout()
        return Outcome(render(template, job.data, words, layout), problem)
    except MaildError as error:
        return Outcome(None, problem or error.message)


def _version_before(own: Path, job: Job) -> Template | None:
    """What was in force last of a template that only the admin has, where there was anything."""
    place = Library(own).find(job.name, job.language)
    kept = [version.text for version in History(own).versions(job.name, place.language)]
    origin = f"the last good version of {place.file}"
    return parse(kept[-1], job.name, place.language, origin, shipped=False) if kept else None


def check(own: Path | None, name: str, language: str, folder: str | None = None) -> list[str]:
    """What is wrong with the template that is in force for this language, and its layout."""
    try:
        kind = catalogue(own).named(name)
        template, words, layout = _files(own, folder, name, language)
    except MaildError as error:
        return [error.message]
    return problems(template, kind, words, layout)


def languages_of(own: Path | None, kind: Notification) -> list[str]:
    """The languages that it must be good in: those that we ship, or where it is the admin's own
    those that he has written it in."""
    return languages() if kind.own is None else Library(own).languages(kind.name) or languages()[:1]


def check_templates(own: Path, more: Sequence[str] = ()) -> str:
    """Tries every template in each shipped language; UsageError with all that is wrong.

    `more`: folders beside it that come first for some addresses.
    """
    kinds = catalogue(own)
    with closing(PooledRenderer(own)) as renderer:
        wrong = [
            problem
            for kind in kinds
            for language in languages_of(own, kind)
            for folder in (None, *more)
            for problem in renderer.check(kind.name, language, folder)
        ]
    wrong += [
        f'{beside(own, name)} is no folder; templates = "{name}" names it.'
        for name in more
        if not (own.parent / name).is_dir()
    ]
    wrong += i18n.all_problems(own)
    if wrong:
        raise UsageError("\n".join(dict.fromkeys(wrong)))
    return f"{len(kinds)} notifications in {', '.join(languages())}"


def _own_template(library: Library, name: str, language: str) -> Template | None:
    try:
        template = library.get(name, language)
    except MaildError:
        return None
    return None if template.shipped else template


def _file(library: Library, name: str, language: str) -> str:
    template = _own_template(library, name, language)
    return template.origin if template else f"{language}/{name}.md"


def _version(template: Template) -> tuple[str, int]:
    return template.origin, template.mtime
