"""Runs in the peers' environment: what other libraries make of the same mails, and of the same answers.

    python -m bench.peers.readers mails FOLDER
    python -m bench.peers.readers replies FILE

Prints JSON: for each library ``seconds`` of the processor, and ``texts`` in the order of what was read, null where it
failed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import mailparser
import quotequail
from email_reply_parser import EmailReplyParser
from mailparser_reply import EmailReplyParser as MailReplyParser


def standard(raw: bytes) -> str:
    message = message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain", "html"))
    addresses = [message[name].addresses for name in ("from", "to", "cc") if message[name] is not None]
    files = [(part.get_filename(), part.get_content()) for part in message.iter_attachments()]
    return f"{body.get_content() if body is not None else ''}\n{message['subject']}{len(addresses)}{len(files)}"


def mail_parser(raw: bytes) -> str:
    mail = mailparser.parse_from_bytes(raw)
    return "\n".join([*mail.text_plain, *mail.text_html, mail.subject, str(mail.from_), str(len(mail.attachments))])


def quotequail_(text: str) -> str:
    return "\n".join(part for is_shown, part in quotequail.quote(text, quote_intro_line=True) if is_shown)


def reply_parser(text: str) -> str:
    return str(EmailReplyParser.parse_reply(text))


def mail_reply_parser(text: str) -> str:
    parser = MailReplyParser(languages=["de", "en", "fr", "it", "es", "nl"])
    return str(parser.parse_reply(text=text) or "")


READERS: dict[str, Callable[[bytes], str]] = {"standard library": standard, "mail-parser": mail_parser}
SPLITTERS: dict[str, Callable[[str], str]] = {
    "quotequail": quotequail_,
    "mail-parser-reply": mail_reply_parser,
    "email-reply-parser": reply_parser,
}


def timed(library: Callable[[Any], str], values: list[Any]) -> dict[str, object]:
    texts: list[str | None] = []
    started = time.process_time()
    for value in values:
        try:
            texts.append(library(value))
        except Exception:  # whatever it is, there is no text
            texts.append(None)
    return {"seconds": time.process_time() - started, "texts": texts}


def main(what: str, place: Path) -> None:
    if what == "mails":
        raw = [file.read_bytes() for file in sorted(place.glob("*.eml"))]
        found = {name: timed(library, raw) for name, library in READERS.items()}
    else:
        found = {name: timed(library, json.loads(place.read_text("utf-8"))) for name, library in SPLITTERS.items()}
    # What is no text in UTF-8 is told by its marks.
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
