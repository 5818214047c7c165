"""A real Dovecot: unprivileged, in a temporary folder, on ports of its own.

Started as root it runs as `nobody`, else as the user of the tests.  Where it is not installed
the tests that need it are skipped with a reason; with CI=true they fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest
from imapclient import IMAPClient

from maild.config import MailboxSection
from maild.demo.servers import WAIT_SECONDS
from tests.waiting import free_ports

HOST = "127.0.0.1"
PASSWORD = "secret"

SETTINGS = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap lmtp
listen = {host}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mailbox_list_index = no
disable_plaintext_auth = no
auth_failure_delay = 0
mail_max_userip_connections = 200
postmaster_address = postmaster@example.com
{tls}
{capability}
{oauth}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u allow_all_users=yes
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service lmtp {{
  chroot =
  user = {user}
  process_min_avail = 1
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
"""

OAUTH = """
auth_mechanisms = plain xoauth2
auth_cache_size = 0
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
"""

INTROSPECTION = """
introspection_mode = post
introspection_url = {url}
force_introspection = yes
username_attribute = username
active_attribute = active
active_value = true
"""


class Dovecot:
    """The running server.  It knows every name, with the password `PASSWORD`."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        self.host = HOST
        self.folder = folder
        self.port, self.tls_port, self.lmtp_port = ports

    def add_user(self, name: str, folders: Iterable[str] = ()) -> str:
        """A new user with an empty INBOX and these folders; returns the name."""
        with self.client(name) as client:
            for one in folders:
                client.create_folder(one)
        return name

    @contextmanager
    def client(self, user: str, folder: str | None = None) -> Iterator[IMAPClient]:
        """A mail client of this user, logged in."""
        with IMAPClient(HOST, self.port, ssl=False) as client:
            client.login(user, PASSWORD)
            if folder:
                client.select_folder(folder)
            yield client

    def deliver(self, user: str, octets: bytes) -> None:
        """By LMTP, as a mail server does; Dovecot puts its trace on top."""
        with smtplib.LMTP(HOST, self.lmtp_port) as lmtp:
            lmtp.sendmail("sender@example.com", [user], octets)

    def append(
        self, user: str, octets: bytes, folder: str = "INBOX", flags: Iterable[str] = ()
    ) -> int:
        """By IMAP, byte for byte; returns its UID."""
        with self.client(user, folder) as client:
            client.append(folder, octets, flags)
            return int(max(client.search()))

    def fill(self, user: str, messages: Iterable[bytes]) -> None:
        """Many at once, into the INBOX by one connection."""
        with self.client(user) as client:
            for octets in messages:
                client.append("INBOX", octets)

    def messages(self, user: str, folder: str = "INBOX") -> dict[int, bytes]:
        with self.client(user, folder) as client:
            found = client.fetch(client.search(), [b"BODY.PEEK[]"])
        return {uid: item[b"BODY[]"] for uid, item in found.items()}

    def flags(self, user: str, uid: int, folder: str = "INBOX") -> set[str]:
        with self.client(user, folder) as client:
            return {flag.decode() for flag in client.get_flags([uid])[uid]}

    def renumber(self, user: str) -> None:
        """Forgets the INBOX's UIDs, so that it gets another UIDVALIDITY, as after a restore."""
        for file in (self.folder / "mail" / user).glob("dovecot*"):
            if file.name.startswith(("dovecot-uidlist", "dovecot.index")):
                file.unlink()

    def section(self, user: str, **more: object) -> MailboxSection:
        """The [[mailbox]] of this user's INBOX."""
        values = {
            "name": user,
            "host": HOST,
            "port": self.port,
            "tls": "none",
            "username": user,
            "password": PASSWORD,
            **more,
        }
        return MailboxSection.model_validate(values)


@contextmanager
def running(
    *, capability: str = "", tls: tuple[Path, Path] | None = None, introspection: str = ""
) -> Iterator[Dovecot]:
    """A Dovecot that says it can do no more than `capability`, where that is given.

    `tls`: certificate and key, for STARTTLS and the port with TLS from the start;
    `introspection`: the address that it asks about access tokens (RFC 7662), for XOAUTH2.
    """
    program = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        missing("dovecot is not installed (apt-get install dovecot-imapd dovecot-lmtpd)")
    folder = Path(tempfile.mkdtemp(prefix="maild-dovecot-"))
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    ports = free_ports(3)
    user, group = account.pw_name, _group(account.pw_gid)
    secure = f"ssl = yes\nssl_cert = <{tls[0]}\nssl_key = <{tls[1]}" if tls else "ssl = no"
    (folder / "dovecot.conf").write_text(
        SETTINGS.format(
            folder=folder,
            host=HOST,
            password=PASSWORD,
            user=user,
            group=group,
            imap=ports[0],
            imaps=ports[1] if tls else 0,
            lmtp=ports[2],
            tls=secure,
            capability=f"imap_capability = {capability}" if capability else "",
            oauth=OAUTH.format(folder=folder) if introspection else "",
        )
    )
    (folder / "mail").mkdir()
    (folder / "oauth2.conf").write_text(INTROSPECTION.format(url=introspection))
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)
    as_nobody: dict[str, Any] = {"user": user, "group": group, "extra_groups": []}
    process = subprocess.Popen(
        [program, "-F", "-c", str(folder / "dovecot.conf")],
        stderr=subprocess.PIPE,
        text=True,
        **(as_nobody if os.geteuid() == 0 else {}),
    )
    try:
        _wait_until_it_answers(process, ports[0], folder)
        yield Dovecot(folder, ports)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def missing(reason: str) -> NoReturn:
    """Skips, with a reason; fails where nothing may be left out."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


def _wait_until_it_answers(process: subprocess.Popen[str], port: int, folder: Path) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection((HOST, port), 5) as connection:
                if connection.recv(4) == b"* OK":
                    return
        except OSError:
            time.sleep(0.02)  # nothing to wait on: the port does not exist yet
    process.terminate()
    log = folder / "log"
    said = (process.stderr.read() if process.stderr else "") + (
        log.read_text() if log.exists() else ""
    )
    raise RuntimeError(f"dovecot does not start: {said}")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One server a test process; take a user of your own."""
    with running() as server:
        yield server
