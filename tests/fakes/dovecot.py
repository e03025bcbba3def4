"""A real Dovecot on loopback, in a folder of its own below the temporary directory, without any privilege.

To Dovecot 127.0.0.1 is itself, which needs no encryption; 127.0.0.2 is somebody else.

Any user may sign in with ``PASSWORD``. Mails are put into its Maildirs as whoever delivers mail does: as files.
"""

from __future__ import annotations

import grp
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType

import pytest
from imapclient import IMAPClient

from tests.fakes.ports import free_port

PROGRAM = "/usr/sbin/dovecot"
PASSWORD = "die_Losung_des_Postfachs"
UNPRIVILEGED = "nobody"

needed = pytest.mark.skipif(
    not Path(PROGRAM).exists(), reason="Dovecot is not installed (Debian's package dovecot-imapd)"
)

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1, 127.0.0.2
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail/%u
mail_fsync = never
auth_failure_delay = 0
mail_max_userip_connections = 100
first_valid_uid = {uid}
first_valid_gid = {gid}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""
_BY_PASSWORD = """
passdb {{
  driver = static
  args = password={password}
}}
"""
_BY_TOKEN = """
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth
}}
"""
_INTROSPECTION = """
introspection_mode = get
introspection_url = {url}?token=
username_attribute = username
active_attribute = active
active_value = true
"""


class Dovecot:
    """Runs while the ``with`` block lasts. With a ``certificate`` (a PEM file) it speaks TLS, at ``tls_port`` from the
    start; ``more`` is further configuration. With ``introspection`` (an address, RFC 7662) it also takes what is a good
    token there (XOAUTH2)."""

    def __init__(self, certificate: str = "", more: str = "", introspection: str = "") -> None:
        self._root = Path(tempfile.mkdtemp(prefix="firstline-dovecot-"))
        self.port, self.tls_port = free_port(), free_port() if certificate else 0
        self._numbers = itertools.count(1)
        owner = pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._uid, self._gid = owner.pw_uid, owner.pw_gid
        self._process: subprocess.Popen[bytes] | None = None
        configuration = _CONFIGURATION.format(
            folder=self._root,
            user=owner.pw_name,
            group=grp.getgrgid(owner.pw_gid).gr_name,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            port=self.port,
            tls_port=self.tls_port,
        )
        configuration += _BY_PASSWORD.format(password=PASSWORD)
        if introspection:
            configuration += _BY_TOKEN.format(folder=self._root)
            (self._root / "oauth").write_text(_INTROSPECTION.format(url=introspection))
        configuration += f"ssl = yes\nssl_cert = <{self._root}/cert.pem\nssl_key = <{self._root}/cert.pem\n" * bool(
            certificate
        )
        configuration += "" if certificate else "ssl = no\n"
        configuration += more
        if certificate:
            shutil.copy(certificate, self._root / "cert.pem")
        (self._root / "dovecot.conf").write_text(configuration)
        (self._root / "mail").mkdir()
        self._own(self._root)

    def __enter__(self) -> Dovecot:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._root, ignore_errors=True)

    def start(self) -> None:
        self._process = self._run(PROGRAM, "-F", "-c", str(self._root / "dovecot.conf"))
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"Dovecot did not start:\n{self.log}")

    def stop(self) -> None:
        """At once, as a power cut does, with all connections."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    @property
    def log(self) -> str:
        path = self._root / "dovecot.log"
        return path.read_text() if path.exists() else ""

    def kick(self, user: str) -> None:
        """Kill the connections of a user, as a server under maintenance does."""
        self.doveadm("kick", user)

    def doveadm(self, *arguments: str) -> None:
        process = self._run("/usr/bin/doveadm", "-c", str(self._root / "dovecot.conf"), *arguments)
        assert process.wait(20) == 0, self.log

    # -- mails ------------------------------------------------------------------------------------------------------

    def deliver(self, user: str, *mails: EmailMessage | bytes, arrived_at: float | None = None) -> None:
        """Put mails into a user's INBOX, as fast as files can be written; ``arrived_at`` in seconds of the epoch."""
        inbox = self._root / "mail" / user
        for name in ("cur", "new", "tmp"):
            (inbox / name).mkdir(parents=True, exist_ok=True)
        for mail in mails:
            # Dovecot numbers them in the order of their names.
            path = inbox / "new" / f"{int(time.time())}.M{next(self._numbers):09}P1.desk"
            path.write_bytes(mail if isinstance(mail, bytes) else mail.as_bytes())
            if arrived_at is not None:
                os.utime(path, (arrived_at, arrived_at))
        self._own(inbox)

    def lose(self, word: str) -> None:
        """Make the server unable to give out the mails in whose text the word stands."""
        for path in (self._root / "mail").rglob("*.desk*"):
            if word.encode() in path.read_bytes():
                path.chmod(0)

    def renumber(self, user: str, validity: int) -> None:
        """Give the INBOX another UIDVALIDITY, which makes all its numbers void."""
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(validity), "INBOX")

    def open(self, user: str) -> IMAPClient:
        """A mail program of that user's."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False)
        client.login(user, PASSWORD)
        return client

    def flags(self, user: str, folder: str = "INBOX") -> list[tuple[str, ...]]:
        """The flags of each mail in a folder, without those that the server sets by itself; empty if there is none."""
        with self.open(user) as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            found = client.get_flags(client.search())
            return [tuple(one.decode() for one in found[uid] if one != b"\\Recent") for uid in sorted(found)]

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            _chown([path, *path.rglob("*")], self._uid, self._gid)

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        with (self._root / "commands.log").open("ab") as output:
            return subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                cwd=self._root,
                user=self._uid if os.geteuid() == 0 else None,
                group=self._gid if os.geteuid() == 0 else None,
                extra_groups=[] if os.geteuid() == 0 else None,
                env={"PATH": os.environ["PATH"]},
                start_new_session=True,
            )


def _chown(paths: Iterable[Path], uid: int, gid: int) -> None:
    for path in paths:
        os.chown(path, uid, gid)
