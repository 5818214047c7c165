"""The errors of maild: each says whether to try again, what a person may read, what the log may.

MaildError
├── UsageError          wrong words on the command line or in a file      (exit status 2)
├── NotFound            a ticket, message or template that is not there   (exit status 1)
├── Refused             a person may not, or not now                      (exit status 1)
├── MailError           bytes that cannot be understood as a mail         (permanent)
├── Temporary           a server, disk or lock that may work next time
└── Unavailable         a server that refuses us until an admin acts
"""

from __future__ import annotations


class MaildError(Exception):
    """An error whose message a person can read: what is wrong and what to do next.

    `detail` is for the log only; it may name hosts and causes, never secrets or mail text.
    """

    exit_status = 1
    temporary = False

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.detail))


def _rebuild(kind: type[MaildError], message: str, detail: str) -> MaildError:
    return kind(message, detail=detail)


class UsageError(MaildError):
    """Wrong words: an option, a key or a value of a file."""

    exit_status = 2


class NotFound(MaildError):
    """What was asked for is not there."""


class Refused(MaildError):
    """A person may not do this, or not now; the message says what would be needed."""


class MailError(MaildError):
    """These bytes cannot be understood as a mail within the limits.  Trying again is no use."""


class Temporary(MaildError):
    """It may work next time: a connection, a lock, a full disk."""

    temporary = True


class Unavailable(MaildError):
    """It will not work until an admin acts: a wrong password, an expired certificate."""
