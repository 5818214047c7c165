"""A POST over HTTP whose cost is known: one address, a total deadline, a bound on the answer."""

from __future__ import annotations

import http.client
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

Result = TypeVar("Result")

OCTETS = 65_536  # of an answer's body that are read


@dataclass(frozen=True, slots=True)
class Reply:
    """What a web server said."""

    status: int
    reason: str  # the words behind the status
    body: bytes  # its first OCTETS


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The body goes to the address that the admin wrote, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Reply:
    """The answer, whatever its status, within so many seconds; certificates are verified.

    OSError (TimeoutError, ssl.SSLError, …) where there is none.
    """
    request = urllib.request.Request(url, body, {"User-Agent": "maild", **headers}, method="POST")
    answer = apart(partial(_sent, request, seconds))
    try:  # urllib's own timeout is one a read
        return answer.result(seconds)
    except TimeoutError:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from None


def _sent(request: urllib.request.Request, seconds: float) -> Reply:
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=seconds) as answer:
            return Reply(answer.status, str(answer.reason), answer.read(OCTETS))
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, str(error.reason), error.read(OCTETS))
    except urllib.error.URLError as error:
        if isinstance(error.reason, OSError):
            raise error.reason from error
        raise
    except http.client.HTTPException as error:
        raise OSError(f"not HTTP: {type(error).__name__}") from error


def apart(work: Callable[[], Result]) -> Future[Result]:
    """The result to come of `work` in a thread that never holds up the end of the program."""
    future: Future[Result] = Future()
    future.set_running_or_notify_cancel()  # who gives up waiting cancels nothing

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, name="apart", daemon=True).start()
    return future
