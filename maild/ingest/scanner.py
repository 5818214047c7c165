"""The admin's virus scanner: it gets the octets of a file, and its status says what it found."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import structlog

from maild.config import AttachmentsSection
from maild.desk import alerts
from maild.i18n import sentence
from maild.model import Mail, Verdict
from maild.parse.attachments import contents
from maild.spool import Blocks, Mass, digest, opened
from maild.store.unit import Unit

log = structlog.get_logger()

ALERT = "scanner"  # the key of the alert
PAUSE_SECONDS = 60  # a scanner that failed is left alone for so long
CLEAN, INFECTED = 0, 1  # its statuses, as clamdscan's; any other is a failure


class Scanner:
    """Asks the command; what it cannot say in time is PENDING, and the file is kept back."""

    def __init__(self, section: AttachmentsSection) -> None:
        self._command = section.scanner
        self._seconds = section.scanner_seconds
        self._paused = 0.0  # until when, on the monotonic clock
        self.trouble: str | None = None  # why the last file could not be scanned

    @property
    def is_there(self) -> bool:
        """Whether there is a command at all."""
        return bool(self._command)

    def verdicts(self, files: Iterable[bytes | Blocks]) -> dict[str, Verdict]:
        """By their SHA-256 what it finds in these files, which have `seconds` all together."""
        end, found = time.monotonic() + self._seconds, dict[str, Verdict]()
        for octets in files:
            key = digest(octets)
            if key not in found:
                found[key] = self._verdict(octets, end)
        return found

    def scanned(self, mail: Mail, raw: Mass) -> Mail:
        """The mail with a verdict of each file."""
        if not mail.attachments or not self._command:
            return mail
        found = self.verdicts(contents(raw))
        files = (replace(a, verdict=found.get(a.sha256, Verdict.PENDING)) for a in mail.attachments)
        return replace(mail, attachments=tuple(files))

    def report(self, unit: Unit, now: datetime) -> None:
        """Raises the alert where it fails, and ends it where it works again."""
        if self.trouble is None:
            alerts.clear_alert(unit, ALERT, now)
            return
        text = sentence(
            "The scanner of [attachments] {trouble} Files are kept back until it is mended; then "
            "`maild scan` scans those that wait.",
            trouble=self.trouble,
        )
        alerts.raise_alert(unit, ALERT, text, now)

    def _silent(self) -> str:
        return sentence("has no answer within {seconds} seconds.", seconds=f"{self._seconds:g}")

    def _verdict(self, octets: bytes | Blocks, end: float) -> Verdict:
        left = end - time.monotonic()
        if left <= 0 or time.monotonic() < self._paused:
            self.trouble = self.trouble or self._silent()
            return Verdict.PENDING
        status = self._status(octets, left)
        if status in (CLEAN, INFECTED):
            self.trouble = None
            return Verdict.CLEAN if status == CLEAN else Verdict.INFECTED
        self._paused = time.monotonic() + PAUSE_SECONDS
        log.warning("scanner.failed", status=status)
        return Verdict.PENDING

    def _status(self, octets: bytes | Blocks, seconds: float) -> int | None:
        try:
            with opened(octets) as file:
                done = subprocess.run(
                    self._command,
                    stdin=file,
                    timeout=seconds,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    check=False,
                )
        except subprocess.TimeoutExpired:
            self.trouble = self._silent()
            return None
        except (OSError, ValueError) as error:
            self.trouble = sentence("cannot be run: {error}.", error=type(error).__name__)
            return None
        self.trouble = sentence("ended with status {status}.", status=done.returncode)
        return done.returncode
