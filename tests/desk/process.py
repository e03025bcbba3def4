"""A desk as its own process, as an administrator runs it: started, asked, killed, started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from config.settings import PACK
from tests.desk.model import MODELS
from tests.fakes.ports import free_port


class DeskProcess:
    """``firstline serve`` on loopback, with mail, chat and a data folder of its own; ``init``: how it begins."""

    def __init__(self, data: Path, outgoing_port: int, *init: str, content: Path = PACK) -> None:
        self.data = data
        self.http_port, self.smtp_port = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.http_port}"
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("FIRSTLINE_")},
            "FIRSTLINE_DATA": str(data),
            "FIRSTLINE_SECRET": "a secret of the tests",
            "FIRSTLINE_HTTP__PORT": str(self.http_port),
            "FIRSTLINE_LOG_LEVEL": "warning",
            "FIRSTLINE_CONTENT__FOLDER": str(content),
        }
        self._outgoing_port = outgoing_port
        self._init = init
        self._process: subprocess.Popen[bytes] | None = None
        data.mkdir(parents=True, exist_ok=True)
        MODELS.share_with(data)

    def start(self, understanding: bool = True) -> None:
        """Start and wait until it accepts chat and mail and, unless told otherwise, understands."""
        if not (self.data / "firstline.db").exists():
            self._set_up()
        log = (self.data / "serve.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "desk", "serve"], env=self._environment, stdout=log, stderr=log
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process.poll() is None, (self.data / "serve.log").read_text()[-3000:]
            try:
                ready = httpx.get(f"{self.base}/readyz", timeout=2).json()
                socket.create_connection(("127.0.0.1", self.smtp_port), 1).close()
                if ready["understanding"] or not understanding:
                    return
            except (httpx.HTTPError, OSError, ValueError):
                pass
            time.sleep(0.05)
        raise AssertionError("the desk did not start in time")

    def _set_up(self) -> None:
        """A new desk with a mailbox, and a chat in which one client may say as much as a test does."""
        self.run("init", *self._init)
        self.run("inbox", "set", "1", "sessions_per_hour=100000", "messages_per_minute=100000")
        outgoing = ("smtp_host=127.0.0.1", f"smtp_port={self._outgoing_port}", "smtp_security=none")
        mailbox = ("address=desk@desk.example", f"listen_port={self.smtp_port}", *outgoing)
        self.run("inbox", "add", "mail", "Mail", *mailbox)

    def run(self, *arguments: str) -> str:
        """Another command with the same settings; returns what it printed."""
        command = [sys.executable, "-m", "desk", *arguments]
        return subprocess.run(command, env=self._environment, check=True, capture_output=True, text=True).stdout

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """As the power going out."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """As an administrator stops it; returns the exit code."""
        return self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(30)
