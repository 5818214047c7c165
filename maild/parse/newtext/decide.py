"""Which lines are the sender's own: one walk from top to bottom over the marks."""

from __future__ import annotations

from dataclasses import dataclass, field

from maild.model import Reason
from maild.parse import phrases
from maild.parse.fold import fold

from .header_blocks import is_rule
from .lines import Line, next_written
from .marks import LONGEST_SIGNATURE, Mark, MarkKind

LONGEST_FOOTER = 6  # written lines below "____" that can be a mailing list's

_LIST_WORDS = ("mailing list", "mailman", "unsubscribe", "://lists.", "://groups.")
_TRACKING_MARK = "ᐧ"  # left at the end of a text by mail trackers


@dataclass(slots=True)
class Walk:
    """The state of the walk: lines decided so far, and why."""

    lines: list[Line]
    marks: dict[int, Mark]  # by index of their first line
    quoted: dict[int, str]  # indexes of lines that are quotes, and what says so
    forwards: bool = False  # what stands below a header block is what the sender hands on
    kept: list[str | None] = field(default_factory=list)  # by line; None: not the sender's
    reasons: list[Reason] = field(default_factory=list)
    wrote: bool = False  # something of the sender's was kept
    passed: bool = False  # a quote was passed
    to_end: bool = False  # all the rest is a quote

    def run(self) -> None:
        """Decide about every line."""
        while len(self.kept) < len(self.lines):
            index = len(self.kept)
            mark = self.marks.get(index)
            if mark is not None:
                self._at(mark)
            elif index in self.quoted:
                self._pass_quote(index)
            else:
                self._keep(self._next_stop(index + 1))
        self._trim_rules(len(self.lines))

    def _next_stop(self, index: int) -> int:
        """The first line from `index` on that is marked or quoted."""
        while index < len(self.lines) and index not in self.quoted and index not in self.marks:
            index += 1
        return index

    # ---- taking lines

    def _keep(self, end: int) -> None:
        taken = self.lines[len(self.kept) : end]
        self.kept += [line.raw for line in taken]
        self.wrote = self.wrote or any(line.bare and not is_rule(line) for line in taken)

    def _drop(self, end: int, what: str, element: str = "") -> None:
        start = len(self.kept)
        if start >= end:
            return
        self._trim_rules(start)
        self.kept.extend([None] * (end - start))
        places = f"line {start + 1}" if end - start == 1 else f"lines {start + 1} to {end}"
        because = f"{places}, element {element}" if element else places
        self.reasons.append(Reason("text", f"not new: {what}", because))

    def _drop_rest(self, what: str, element: str = "") -> None:
        self._drop(len(self.lines), f"{what} and all below", element)
        self.to_end = True

    def _trim_rules(self, end: int) -> None:
        """Rules drawn between the sender's words and what was cut are decoration."""
        index = end - 1
        while index >= 0 and self.kept[index] is not None:
            line = self.lines[index]
            if line.bare and not is_rule(line) and line.bare != _TRACKING_MARK:
                break
            if line.bare:
                self.kept[index] = None
            index -= 1

    # ---- quotes

    def _pass_quote(self, index: int) -> None:
        end = index
        while self.quoted.get(end) == self.quoted[index] and end not in self.marks:
            end += 1
        self._drop(end, self.quoted[index])
        self.passed = True

    def _at(self, mark: Mark) -> None:
        if mark.column:
            self._split_line(mark)
        if mark.kind.introduces_quote:
            self._introduced(mark)
        elif mark.kind is MarkKind.FORWARDED:
            self._keep_forwarded(mark)
        elif mark.kind is MarkKind.REPLY_MARK:
            self._reply_mark(mark)
        elif mark.kind is MarkKind.SENT_FROM:
            self._sent_from(mark)
        else:
            self._tail(mark)

    def _split_line(self, mark: Mark) -> None:
        """The sender's text runs into an attribution: the line's first part is kept."""
        self.kept.append(self.lines[mark.first].raw[: mark.column])
        self.wrote = True
        place = f"line {mark.first + 1}, its second half"
        self.reasons.append(Reason("text", f"not new: {mark.kind.value}", place))

    def _introduced(self, mark: Mark) -> None:
        """A quote begins: marked lines behind it can be told, unmarked ones reach to the end."""
        if mark.kind is not MarkKind.ATTRIBUTION and (self.forwards or self._announced(mark)):
            self._keep_forwarded(mark)
        elif mark.kind is MarkKind.ELEMENT and self.wrote:
            self._drop_rest(mark.kind.value, mark.element)
        elif self._ends_itself(mark):
            self._drop(mark.last + 1, mark.kind.value)
            self.passed = True
        elif not mark.sure:
            self._keep(mark.last + 1)
        elif self.wrote:
            self._drop_rest(mark.kind.value)
        elif mark.kind is MarkKind.ATTRIBUTION:
            self._drop(mark.last + 1, mark.kind.value)
        else:
            self._keep(len(self.lines))

    def _ends_itself(self, mark: Mark) -> bool:
        """What follows is marked, introduces a quote once more, or is nothing."""
        follower = next_written(self.lines, mark.last + 1)
        if follower is None or follower in self.quoted:
            return True
        following = self.marks.get(follower)
        return following is not None and (
            following.kind.introduces_quote or following.kind is MarkKind.REPLY_MARK
        )

    def _announced(self, mark: Mark) -> bool:
        """The sender's last line ends with a colon: he shows what follows.

        So does the line of a thumb ("Ann reacted to your message:"), which a program wrote.
        """
        if mark.kind is not MarkKind.HEADERS:
            return False
        above = (line for line in reversed(self.kept[-3:]) if line is not None and line.strip())
        shown = next(above, "").rstrip()
        if not shown.endswith((":", "：")):
            return False
        return phrases.section("reaction_text").within(fold(shown)) is None

    def _keep_forwarded(self, mark: Mark) -> None:
        """What somebody forwards to a desk is what he wants to say."""
        place = f"from line {mark.first + 1} on"
        self.reasons.append(Reason("text", f"new: {MarkKind.FORWARDED.value}", place))
        self._keep(len(self.lines))

    def _reply_mark(self, mark: Mark) -> None:
        if self.wrote:
            self._drop_rest(mark.kind.value)
        else:
            self._drop(mark.last + 1, mark.kind.value)

    # ---- tails

    def _sent_from(self, mark: Mark) -> None:
        """The program's line stands alone, or last in what the sender wrote."""
        alone = mark.first == 0 or self.lines[mark.first - 1].blank
        follower = next_written(self.lines, mark.last + 1)
        if follower is not None and is_rule(self.lines[follower]):
            follower = next_written(self.lines, follower + 1)
        last = follower is None or follower in self.marks or follower in self.quoted
        if alone or last:
            self._drop(mark.last + 1, mark.kind.value)
        else:
            self._keep(mark.last + 1)

    def _tail(self, mark: Mark) -> None:
        """A signature or footer, if it is short and stands below something."""
        signature = mark.kind is MarkKind.SIGNATURE
        end = self._tail_end(mark, LONGEST_SIGNATURE if signature else LONGEST_FOOTER)
        believed = end is not None and (
            self.passed or (self.wrote and (signature or self._reads_like_footer(end)))
        )
        if end is not None and believed:
            self._drop(end, mark.kind.value)
        else:
            self._keep(mark.last + 1)

    def _tail_end(self, mark: Mark, most_lines: int) -> int | None:
        """The index behind a tail, or None if it is too long for one."""
        written, end = 0, mark.last + 1
        while end < len(self.lines) and end not in self.quoted and not self._stops(end):
            written += not self.lines[end].blank
            if written > most_lines:
                return None
            end += 1
        return end

    def _stops(self, index: int) -> bool:
        mark = self.marks.get(index)
        return mark is not None and (
            mark.kind.introduces_quote or mark.kind in (MarkKind.FORWARDED, MarkKind.REPLY_MARK)
        )

    def _reads_like_footer(self, end: int) -> bool:
        """A mailing list says so, at the end of the mail."""
        tail = [line.bare.casefold() for line in self.lines[len(self.kept) : end]]
        return end == len(self.lines) and any(word in t for t in tail for word in _LIST_WORDS)
