"""Mails of a German service desk, the same ones for the same number: plain, formatted, with files, answers, Latin-1."""

from __future__ import annotations

import random
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from typing import NamedTuple

THINGS = ("Drucker", "Störung", "Zugang", "Kündigung", "Gerät", "Rücksendung", "Schlüssel", "Bürostuhl", "Zähler")


class Letter(NamedTuple):
    """``words`` stand in this mail alone, and must stand in what was made of it."""

    raw: bytes
    words: str


def letters(count: int) -> Iterator[Letter]:
    chance, known = random.Random(count), list[EmailMessage]()
    for number in range(count):
        thing, words = chance.choice(THINGS), f"Größe {number}: Straße geprüft, für Jürgen Müller nötig."
        text = f"Guten Tag,\n\nseit heute früh geht unser {thing} nicht mehr.\n{words}\nBitte prüfen Sie das.\n"
        kind = number % 20
        message = EmailMessage(policy=policy.SMTP)
        message["From"] = f"Kundin Größe <kunde{number % 200}@kunde.example>"
        message["To"], message["Subject"] = "desk@desk.example", f"{thing} {number}"
        message["Message-ID"] = f"<{number}.peers@kunde.example>"
        message["Date"] = f"Mon, 02 Mar 2026 {8 + number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d} +0100"
        if kind in (3, 9, 15) and known:
            asked = chance.choice(known[-50:])
            message.replace_header("From", asked["From"])
            message.replace_header("Subject", f"AW: {asked['Subject']}")
            message["In-Reply-To"] = message["References"] = asked["Message-ID"]
            quoted = "".join(f"> {line}\n" for line in "Wir kümmern uns darum.\nIhr Service Desk".splitlines())
            text = f"{words}\n\nAm 02.03.2026 um 08:00 schrieb Service Desk <desk@desk.example>:\n{quoted}"
        else:
            known.append(message)
        if kind == 19:
            message.set_content(text, charset="iso-8859-1", cte="8bit")
        else:
            message.set_content(text, cte="quoted-printable" if kind % 2 else "base64")
        if kind in (4, 8, 12, 16):
            rows = "".join(f"<p>{line}</p>" for line in text.splitlines())
            message.add_alternative(f"<html><body>{rows}</body></html>", subtype="html")
        elif kind in (6, 10):
            file = chance.randbytes(15_000)
            message.add_attachment(file, maintype="application", subtype="pdf", filename=f"Anhang_ü_{number}.pdf")
        yield Letter(message.as_bytes(), words)
