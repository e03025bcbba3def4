"""The demo's customers' mailbox: a real SMTP server for what the desk sends, and a page to read and answer it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from channels.mail import bodies, mime
from core.clock import Clock
from core.errors import NotFound
from core.values import FormOfAddress, spoken
from web.languages import preferred
from web.pages import Pages


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in the mailbox; ``sent`` when the customer wrote it."""

    key: str
    sent: bool
    sender: str
    recipient: str
    subject: str
    date: str
    message_id: str
    references: str
    text: str
    has_html: bool
    customer: str = ""
    """Which of the demo's customers it is from or to."""


class Mailbox:
    """All demo customers share one mailbox; its mails lie as files in a folder."""

    def __init__(
        self,
        folder: Path,
        desk_address: str,
        desk_port: int,
        customers: Sequence[str],
        pages: Pages,
        form_of_address: FormOfAddress,
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._desk_address = desk_address
        self._desk_port = desk_port
        self._customers = tuple(customers)
        self._pages = pages
        self._form_of_address = form_of_address
        self._clock = clock
        self.routes: Sequence[BaseRoute] = [
            Route("/demo/mailbox", self._show, methods=["GET"]),
            Route("/demo/mailbox", self._write, methods=["POST"]),
            Route("/demo/mailbox/{key}.html", self._html),
        ]

    async def listen(self) -> int:
        """Take mail on a free port of loopback; returns the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="demo.example", enable_SMTPUTF8=True), "127.0.0.1", 0
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self._keep(envelope.content, sent=False)
        return "250 OK"

    def _keep(self, raw: bytes, sent: bool) -> None:
        stamp = self._clock.now().strftime("%Y%m%d%H%M%S%f")
        (self._folder / f"{stamp}-{uuid.uuid4().hex[:8]}-{'sent' if sent else 'received'}.eml").write_bytes(raw)

    def letters(self) -> list[Letter]:
        """Newest first. The same mail sent twice is shown once, as a mail program does."""
        found: dict[tuple[str, bool], Letter] = {}
        for path in sorted(self._folder.glob("*.eml")):
            letter = _letter(path)
            other = parseaddr(letter.sender if letter.sent else letter.recipient)[1]
            customer = next((one for one in self._customers if parseaddr(one)[1] == other), "")
            letter = replace(letter, customer=customer)
            found[letter.message_id, letter.sent] = letter
        return sorted(found.values(), key=lambda letter: letter.key, reverse=True)

    async def _show(self, request: Request) -> Response:
        tag = spoken(preferred(request.headers.get("accept-language", ""), "de"), self._form_of_address)
        letters = await asyncio.to_thread(self.letters)
        wanted = request.query_params.get("mail")
        chosen = next((one for one in letters if one.key == wanted), None)
        # The page looks for mail by itself, but never while one writes.
        is_writing = chosen is not None or wanted == "new" or not letters
        return self._pages.page(
            "mailbox.html", tag, letters=letters, chosen=chosen, is_writing=is_writing, customers=self._customers
        )

    async def _html(self, request: Request) -> Response:
        path = self._folder / f"{request.path_params['key']}.eml"
        if path.parent != self._folder or not path.is_file():
            raise NotFound("There is no such mail.")
        html = bodies.gather(mime.read(path.read_bytes())).html or ""
        # Links must open; everything else in the mail stays in its sandbox.
        policy = (
            "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
            "frame-ancestors 'self'"
        )
        return HTMLResponse(html.replace("<a ", '<a target="_blank" '), headers={"content-security-policy": policy})

    async def _write(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        sender = form.get("from", "") if form.get("from", "") in self._customers else self._customers[0]
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"] = sender
        mail["To"] = self._desk_address
        mail["Subject"] = " ".join(form.get("subject", "").split())[:200]
        mail["Date"] = format_datetime(self._clock.now())
        mail["Message-ID"] = make_msgid(domain="demo.example")
        answered = next((one for one in await asyncio.to_thread(self.letters) if one.key == form.get("reply_to")), None)
        if answered is not None:
            mail["In-Reply-To"] = answered.message_id
            mail["References"] = f"{answered.references} {answered.message_id}".strip()
        mail.set_content(form.get("text", "").replace("\r\n", "\n"))
        raw = mail.as_bytes()
        await aiosmtplib.send(
            raw,
            sender=parseaddr(sender)[1],
            recipients=[self._desk_address],
            hostname="127.0.0.1",
            port=self._desk_port,
            start_tls=False,
        )
        await asyncio.to_thread(self._keep, raw, True)
        return RedirectResponse("/demo/mailbox", 303)


def _letter(path: Path) -> Letter:
    mail = mime.read(path.read_bytes())
    body, headers = bodies.gather(mail), mail.headers
    return Letter(
        key=path.stem,
        sent=path.stem.endswith("-sent"),
        sender=headers.text("from"),
        recipient=headers.text("to"),
        subject=headers.text("subject"),
        date=headers.text("date"),
        message_id=headers.text("message-id"),
        references=headers.text("references"),
        text=body.text,
        has_html=body.html is not None,
    )
