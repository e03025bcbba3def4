"""What a mail says and what it carries: its text, its HTML and its files, out of whatever parts it has. Pure.

Nothing is dropped: what cannot be shown is a file, and what had to be left out is said in a remark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

from channels.mail import calendars, hypertext, mime, smime, tnef
from channels.mail.calendars import Invitation
from channels.mail.charsets import decode
from channels.mail.mime import Part
from channels.mail.words import one_line
from web.outside import clean

MAX_TEXT = 200_000
MAX_HTML = 1_000_000
"""Characters that are kept in the message itself; all of a longer text is a file besides."""
MAX_ENCLOSED = 5
MAX_FILENAME = 200

_TEXTS = ("text/plain", "text/html", "text/enriched", "text/richtext")
_REMARKS = {
    "application/pgp-encrypted": "encrypted_pgp",
    "application/pgp-signature": "signed_pgp",
    "application/pkcs7-signature": "signed_smime",
    "application/x-pkcs7-signature": "signed_smime",
}
_SMIME = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_NAMES = {
    "message/rfc822": "message.eml",
    "message/global": "message.eml",
    "message/news": "message.eml",
    "message/delivery-status": "delivery-status.txt",
    "message/disposition-notification": "disposition.txt",
    "text/rfc822-headers": "headers.txt",
    "text/calendar": "invitation.ics",
    "text/html": "message.html",
    "text/plain": "message.txt",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "version.asc",
    "application/ms-tnef": "winmail.dat",
    "image/jpeg": "image.jpg",
}
_PGP_MESSAGE = "-----BEGIN PGP MESSAGE-----"
_PGP_SIGNED = re.compile(r"\A\s*-----BEGIN PGP SIGNED MESSAGE-----\n(?:Hash:[^\n]{0,100}\n)?")
_PGP_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----$", re.MULTILINE)
_MARKUP = re.compile(r"<[^<>]{0,60}>")


@dataclass(frozen=True, slots=True)
class MailFile:
    filename: str
    media_type: str
    content: bytes
    content_id: str | None


@dataclass(slots=True)
class Body:
    """``remarks`` are what the reader must know of it; ``enclosed`` mails that it carries, which are files as well.

    ``depth`` says how many wrappings around it were opened.
    """

    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    """One for each of ``texts``; empty where a text came without."""
    files: list[MailFile] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    invitation: Invitation | None = None
    enclosed: list[bytes] = field(default_factory=list)
    depth: int = 0

    @property
    def text(self) -> str:
        return "\n\n".join(text.strip("\r\n") for text in self.texts if text.strip())

    @property
    def html(self) -> str | None:
        """The HTML of all texts, if any came with some."""
        if not any(html.strip() for html in self.htmls):
            return None
        pairs = zip(self.texts, self.htmls, strict=True)
        return "\n".join(html or escape(text).replace("\n", "<br>\n") for text, html in pairs)

    def say(self, text: str, html: str = "") -> None:
        self.texts.append(text)
        self.htmls.append(html)

    def remark(self, code: str) -> None:
        if code not in self.remarks:
            self.remarks.append(code)

    def take(self, other: Body) -> None:
        """Everything of the other besides what it says."""
        self.files += other.files
        self.enclosed += other.enclosed
        self.invitation = self.invitation or other.invitation
        for code in other.remarks:
            self.remark(code)


def gather(mail: Part) -> Body:
    """What a mail says and carries."""
    body = Body()
    _add(body, mail, is_whole=True)
    if not body.text.strip() and not body.html and body.enclosed:
        _show_enclosed(body, body.enclosed[0])
    _cut(body)
    return body


def _add(body: Body, part: Part, is_whole: bool = False) -> None:
    if part.kind == "multipart/alternative" and part.parts:
        _add_best(body, part)
    elif part.parts:
        if part.kind == "multipart/encrypted":
            body.remark("encrypted_pgp" if "pgp" in part.parameters.get("protocol", "pgp") else "encrypted_smime")
        for inner in part.parts:
            _add(body, inner)
    elif part.is_rest:
        body.remark("too_many_parts")
        body.files.append(MailFile("rest.txt", part.kind, part.body, None))
    elif _is_text(part, is_whole):
        _add_text(body, part)
    else:
        _add_file(body, part)


def _add_best(body: Body, part: Part) -> None:
    """Several forms of one thing: the plain one to be read, the formatted one to be looked at."""
    plain, formatted, read_from_it = "", "", ""
    for inner in part.parts:
        form = Body(depth=body.depth)
        _add(form, inner)
        if (html := form.html) is not None:
            formatted, read_from_it = html, form.text
        elif not plain:
            plain = form.text
        body.take(form)
    if plain or formatted:
        body.say(plain or read_from_it, formatted)


def _is_text(part: Part, is_whole: bool) -> bool:
    """Whether a part is to be read rather than to be saved."""
    if part.kind not in _TEXTS or part.disposition == "attachment":
        return False
    return is_whole or not part.filename or bool(part.content_id and part.kind == "text/html")


def _add_text(body: Body, part: Part) -> None:
    content = part.content()
    if part.kind == "text/html":
        html = clean(decode(content, part.charset or _charset_of_page(content)))
        body.say(hypertext.as_text(html), html)
        return
    if b"\nbegin " in content or content.startswith(b"begin "):
        content, files = mime.uuencoded(content)
        body.files += [MailFile(_safe(name) or "file", "application/octet-stream", file, None) for name, file in files]
    text = clean(decode(content, part.charset)).replace("\r\n", "\n").replace("\r", "\n")
    if part.kind != "text/plain":
        text = _MARKUP.sub("", text)
    elif part.parameters.get("format", "").lower() == "flowed":
        text = _unflowed(text, part.parameters.get("delsp", "").lower() == "yes")
    body.say(_without_pgp(body, text))


def _charset_of_page(content: bytes) -> str | None:
    """What the page says of itself, where the part said nothing."""
    match = re.search(rb"<meta[^>]{0,200}charset\s{0,5}=\s{0,5}[\"']?([\w.:-]{2,40})", content[:4000], re.IGNORECASE)
    return match.group(1).decode() if match is not None else None


def _unflowed(text: str, delete_space: bool) -> str:
    """Lines that a program broke are whole again (RFC 3676)."""
    lines: list[str] = []
    pieces: list[str] = []
    is_open = False
    depth_before = 0
    for line in text.split("\n"):
        words = line.lstrip(">")
        depth = len(line) - len(words)
        words = words.removeprefix(" ")
        goes_on = words.endswith(" ") and words != "-- "
        kept = words[:-1] if goes_on and delete_space else words
        if is_open and depth == depth_before and words != "-- ":
            pieces.append(kept)
        else:
            lines.append("".join(pieces))
            pieces = [">" * depth + " " if depth else "", kept]
        is_open, depth_before = goes_on, depth
    return "\n".join([*lines[1:], "".join(pieces)])


def _without_pgp(body: Body, text: str) -> str:
    """A text without the frame of an inline PGP signature; one that is encrypted becomes a file."""
    if "-----BEGIN PGP" not in text:
        return text
    if _PGP_MESSAGE in text:
        before, _, after = text.partition(_PGP_MESSAGE)
        message, end, rest = after.partition("-----END PGP MESSAGE-----")
        body.remark("encrypted_pgp")
        name = "encrypted.asc"
        body.files.append(MailFile(name, "application/pgp-encrypted", (_PGP_MESSAGE + message + end).encode(), None))
        return before + rest
    signed = _PGP_SIGNED.match(text)
    signature = _PGP_SIGNATURE.search(text)
    if signed is None or signature is None:
        return text
    body.remark("signed_pgp")
    content = text[signature.start() :]
    body.files.append(MailFile("signature.asc", "application/pgp-signature", content.encode(), None))
    return "\n".join(line.removeprefix("- ") for line in text[signed.end() : signature.start()].split("\n"))


# -- files -----------------------------------------------------------------------------------------------------------


def _add_file(body: Body, part: Part) -> None:
    content = part.content()
    kind = part.kind
    name = _safe(part.filename)
    if kind == "application/ms-tnef" or name.lower() == "winmail.dat" or content.startswith(tnef.SIGNATURE):
        if (opened := tnef.read(content)) is not None and _add_tnef(body, opened):
            return
    elif kind in ("message/rfc822", "message/global"):
        body.enclosed.append(content)
        name = name or _name_of_mail(content)
    elif kind in ("text/calendar", "application/ics") or name.lower().endswith(".ics"):
        body.invitation = body.invitation or calendars.read(decode(content, part.charset))
        kind = "text/calendar"
    elif kind in _SMIME:
        body.remark(_open_smime(body, content, part.parameters.get("smime-type", "")))
    elif kind in _REMARKS:
        body.remark(_REMARKS[kind])
    if not content and not name and kind in ("text/plain", "text/html", "application/octet-stream"):
        return
    content_id = clean(part.content_id)[:255] or None
    body.files.append(MailFile(name or _default_name(kind, len(body.files)), kind[:127], content, content_id))


def _open_smime(body: Body, content: bytes, kind: str) -> str:
    """Say what a signature wraps up; the remark on it."""
    signed = smime.signed_part(content) if body.depth < MAX_ENCLOSED else None
    if signed is None:
        return "sealed_smime" if "signed" in kind else "encrypted_smime"
    opened = Body(depth=body.depth + 1)
    _add(opened, mime.read(signed), is_whole=True)
    for text, html in zip(opened.texts, opened.htmls, strict=True):
        body.say(text, html)
    body.take(opened)
    return "signed_smime"


def _add_tnef(body: Body, opened: tnef.Tnef) -> bool:
    """What was wrapped up; False if it should be kept wrapped because nothing can be made of it."""
    if not opened.files and not opened.text and not opened.html:
        return False
    if opened.text or opened.html:
        html = clean(opened.html)
        body.say(clean(opened.text).replace("\r\n", "\n") or hypertext.as_text(html), html)
    for number, file in enumerate(opened.files):
        kind = one_line(file.media_type).lower()
        kind = kind if re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,60}", kind) else "application/octet-stream"
        name = _safe(file.name) or _default_name(kind, number)
        body.files.append(MailFile(name, kind, file.content, clean(file.content_id)[:255] or None))
    return True


def _safe(name: str) -> str:
    """A filename without folders and without what deceives; cut so that its ending stays."""
    name = one_line(name).replace("\\", "/").rpartition("/")[2].strip(" ./")
    if len(name) <= MAX_FILENAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 20:
        return name[:MAX_FILENAME]
    return f"{stem[: MAX_FILENAME - len(ending) - 2]}….{ending}"


def _default_name(kind: str, number: int) -> str:
    if kind in _NAMES:
        return _NAMES[kind]
    family, _, rest = kind.partition("/")
    if family in ("text", "message"):
        return f"file-{number + 1}.txt"
    ending = re.sub(r"^x-|[^a-z0-9].*$", "", rest)[:10]
    return f"file-{number + 1}.{ending if family in ('image', 'audio', 'video') and ending else 'bin'}"


def _name_of_mail(content: bytes) -> str:
    subject = mime.read_headers(content).text("subject")
    name = re.sub(r'[\\/:*?"<>|]+', " ", subject).strip(" .")[:80]
    return f"{name}.eml" if name else ""


def _show_enclosed(body: Body, raw: bytes, depth: int = 0) -> None:
    """A mail that is nothing but another mail: that one is what is to be read."""
    inner = mime.read(raw)
    found = Body()
    _add(found, inner, is_whole=True)
    heading = [
        f"{label}: {inner.headers.text(label.lower())[:500]}"
        for label in ("From", "Date", "Subject")
        if label.lower() in inner.headers
    ]
    if found.text or found.html:
        body.say("\n".join([*heading, "", found.text]), found.html or "")
    elif found.enclosed and depth < MAX_ENCLOSED:
        _show_enclosed(body, found.enclosed[0], depth + 1)
    elif heading:
        body.say("\n".join(heading))


def _cut(body: Body) -> None:
    """A message is to be read: what nobody would read to its end is shown from its beginning, and whole as a file."""
    text, html = body.text, body.html
    if len(text) > MAX_TEXT:
        body.remark("text_cut")
        body.files.append(MailFile("message.txt", "text/plain", text.encode("utf-8", "replace"), None))
        text = text[:MAX_TEXT]
    if html is not None and len(html) > MAX_HTML:
        body.remark("text_cut")
        body.files.append(MailFile("message.html", "text/html", html.encode("utf-8", "replace"), None))
        html = None
    body.texts, body.htmls = [text], [html or ""]
