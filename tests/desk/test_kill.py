"""``kill -9`` at any moment: what was acknowledged is there, once, and nobody hears anything twice."""

from __future__ import annotations

import os
import random
import smtplib
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from tests.desk.process import DeskProcess
from tests.fakes.mailserver import MailServer

KILLS = int(os.environ.get("FIRSTLINE_KILLS", "10"))

pytestmark = pytest.mark.xdist_group("kill")


@dataclass
class Told:
    """What the clients were told, and what they asked for."""

    mails: set[str] = field(default_factory=set)
    chats: dict[tuple[str, str], int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def _mail_load(desk: DeskProcess, told: Told, stop: threading.Event) -> None:
    """A customer's mail server: what is not acknowledged is sent again, the same."""
    while not stop.is_set():
        message = EmailMessage()
        message["From"] = f"person-{uuid.uuid4().hex[:6]}@kunde.example"
        message["To"] = "desk@desk.example"
        message["Subject"] = "Drucker"
        message["Message-ID"] = f"<{uuid.uuid4()}@kunde.example>"
        message.set_content("Der Drucker im Flur druckt nicht mehr.")
        while not stop.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", desk.smtp_port, timeout=5) as client:
                    client.send_message(message)
                with told.lock:
                    told.mails.add(str(message["Message-ID"]))
                break
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)


def _chat_load(desk: DeskProcess, told: Told, stop: threading.Event) -> None:
    """A widget: keeps what it wrote until the server says it has it."""
    while not stop.is_set():
        token = ""
        for _ in range(3):
            message_id = str(uuid.uuid4())
            while not stop.is_set():
                try:
                    if not token:
                        token = httpx.post(f"{desk.base}/chat/main/session", timeout=5).json()["token"]
                    answer = httpx.post(
                        f"{desk.base}/chat/main/messages",
                        json={"id": message_id, "text": "Sind Sie ein Mensch?"},
                        headers={"authorization": f"Bearer {token}"},
                        timeout=5,
                    )
                    if answer.status_code == 201:
                        with told.lock:
                            told.chats[token, message_id] = answer.json()["seq"]
                        break
                except (httpx.HTTPError, ValueError, KeyError):
                    time.sleep(0.05)


def test_nothing_acknowledged_is_lost_and_nothing_is_said_twice(tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    told, stop = Told(), threading.Event()
    with MailServer() as outside:
        desk = DeskProcess(tmp_path / "data", outside.port)
        desk.start()
        loads = [threading.Thread(target=load, args=(desk, told, stop)) for load in (_mail_load, _chat_load)]
        for load in loads:
            load.start()
        for number in range(KILLS):
            time.sleep(chance.uniform(0.05, 1.5))
            desk.kill()
            desk.start(understanding=number % 2 == 0)
        time.sleep(0.5)
        stop.set()
        for load in loads:
            load.join()
        _settle(desk)
        assert desk.stop() == 0
        _compare(desk, told, outside)


def _settle(desk: DeskProcess) -> None:
    """Wait until nothing is owed any more that is due now."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        engine = create_engine(f"sqlite:///{desk.data / 'firstline.db'}")
        with engine.connect() as connection:
            owed = connection.scalar(text("SELECT count(*) FROM outbox WHERE state = 'pending'"))
            owed += connection.scalar(text("SELECT count(*) FROM work WHERE state = 'pending' AND kind = 'understand'"))
        engine.dispose()
        if not owed:
            return
        time.sleep(0.3)
    raise AssertionError(f"{owed} promises were not kept")


def _compare(desk: DeskProcess, told: Told, outside: MailServer) -> None:
    engine = create_engine(f"sqlite:///{desk.data / 'firstline.db'}")
    with engine.connect() as connection:
        stored = Counter(
            connection.scalars(text("SELECT external_id FROM message WHERE NOT outbound AND external_id IS NOT NULL"))
        )
        keys = Counter(
            key.rpartition(":")[2]
            for key in connection.scalars(text("SELECT dedupe_key FROM inbound_receipt WHERE dedupe_key LIKE '%:%'"))
        )
        answers = list(
            connection.execute(
                text(
                    "SELECT conversation_id, sum(NOT outbound), sum(outbound) FROM message "
                    "JOIN conversation ON conversation.id = conversation_id JOIN inbox ON inbox.id = inbox_id "
                    "WHERE channel = 'webchat' GROUP BY conversation_id"
                )
            )
        )
        written = Counter(
            connection.scalars(
                text(
                    "SELECT external_id FROM message JOIN conversation ON conversation.id = conversation_id "
                    "JOIN inbox ON inbox.id = inbox_id WHERE outbound AND channel = 'mail'"
                )
            )
        )
        per_ticket = list(
            connection.scalars(
                text(
                    "SELECT count(*) FROM message JOIN conversation ON conversation.id = conversation_id "
                    "JOIN inbox ON inbox.id = inbox_id WHERE outbound AND channel = 'mail' GROUP BY message.ticket_id"
                )
            )
        )
    engine.dispose()
    assert told.mails and told.chats
    assert told.mails <= set(stored), "an acknowledged mail is missing"
    assert all(count == 1 for count in stored.values()), "a mail is stored twice"
    assert {message_id for _, message_id in told.chats} <= set(keys), "an acknowledged chat message is missing"
    assert all(count == 1 for count in keys.values())
    assert all(said <= heard for _, heard, said in answers), "the bot answered one message twice"
    sent = Counter(str(mail["Message-ID"]) for mail in outside.mails)
    assert set(sent) == set(written), "what was sent is not what is stored"
    assert max(per_ticket) <= 2, "a person was written more than the confirmation and the proposal"
