"""How the console shows a mail: what is special about it in words, and its HTML made harmless."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import nh3

from core.models import Attachment
from web.languages import Translate

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
MAX_PICTURES = 8 * 1024 * 1024
"""Bytes of pictures that are shown within one mail; further ones are still among its files."""

# Marked for the catalogue by being listed here; looked up by name.
AUTOMATION = {
    "auto_reply": "Automatic reply",
    "bounce": "Delivery report",
    "list": "Mailing",
    "from_file": "From a file",
}
NOTICE = {
    "encrypted_pgp": "Encrypted with PGP. The desk cannot read it; the encrypted text is kept as a file.",
    "encrypted_smime": "Encrypted with S/MIME. The desk cannot read it; the encrypted mail is kept as a file.",
    "sealed_smime": "Signed with S/MIME in a way that wraps up the text. The signed mail is kept as a file.",
    "signed_pgp": "Signed with PGP. The signature is kept and was not checked.",
    "signed_smime": "Signed with S/MIME. The signature is kept and was not checked.",
    "read_by_machine": "This text was read from the pages by machine. In doubt the pages count.",
    "not_read": "The text on these pages could not be read by machine.",
    "partly_read": "Some of these pages could not be read by machine. Look at them yourself.",
    "pages_cut": "This fax has more pages than can be shown. All of them are in the file below.",
    "text_cut": "This mail is very long. Only its beginning is shown; all of it is kept as a file.",
    "too_many_parts": "This mail has more parts than can be shown. The rest is kept together in one file.",
}
WARNING = {
    "name_is_address": "The sender's name is written like an address, and it is not the one this mail came from.",
    "mixed_letters": "The sender's domain mixes letters of different alphabets. Such addresses imitate others.",
    "like_our_own": "The sender's domain looks like our own and is another one.",
    "hidden_direction": "The sender's name has hidden marks that turn the direction of writing.",
    "answers_elsewhere": "The sender asks for answers to an address somewhere else.",
    "several_senders": "This mail names several senders. Only the first one is shown.",
}

SENDER = {
    "dkim": "DKIM signature valid for {domain}",
    "spf": "Sent by a server of {domain} (SPF)",
    "dmarc": "Confirmed by {domain} (DMARC)",
    "failed": "{domain} says that this mail is not from there (DMARC). It is probably forged.",
    "arc": "{domain} could not be confirmed; a mailing list that forwarded it vouches for it (ARC).",
    "unconfirmed": "{domain} could not be confirmed as the sender.",
}


def sender(authentication: Mapping[str, Any], translate: Translate) -> str:
    """In a sentence, whether a mail is from whom it says."""
    verdict, how = authentication["verdict"], authentication["how"]
    key = how if verdict == "valid" or how == "arc" else verdict
    text = translate(SENDER[key]).format(domain=authentication["domain"])
    if not authentication["by"]:
        return text
    return f"{text} – {translate('checked by {server}').format(server=authentication['by'])}"


def harmless(html: str, pictures: Sequence[Attachment], read: Callable[[str], bytes]) -> str:
    """A mail's HTML sanitised, with the pictures that came with it in their places; ``read`` fetches by SHA-256.

    They are written into the page, for in a sandbox nothing may be fetched, not even from here.
    """
    known = {one.content_id: one for one in pictures if one.media_type in PICTURES}
    left = MAX_PICTURES

    def rewrite(tag: str, attribute: str, value: str) -> str | None:
        nonlocal left
        if not value.lower().startswith("cid:"):
            return value
        picture = known.get(value[4:].strip())
        if tag != "img" or attribute != "src" or picture is None or picture.size > left:
            return None
        left -= picture.size
        return f"data:{picture.media_type};base64,{base64.b64encode(read(picture.sha256)).decode()}"

    return nh3.clean(html, url_schemes={*nh3.ALLOWED_URL_SCHEMES, "cid"}, attribute_filter=rewrite)
