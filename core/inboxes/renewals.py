"""Secrets that the other side renews by itself, such as a refresh token: the newest, sealed, beside the one entered.

It is no setting: renewing it does not start the inbox anew, and entering another one makes it void.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Inbox
from core.sealing import CannotOpen, Seal


def newest(session: Session, inbox_id: int, entered: str, seal: Seal) -> str:
    """What to use in place of what was entered, or that itself."""
    kept = session.scalar(select(Inbox.renewed).where(Inbox.id == inbox_id))
    if not kept or kept.get("of") != _mark(entered):
        return entered
    try:
        return seal.open(kept["sealed"])
    except CannotOpen:
        return entered


def keep(session: Session, inbox_id: int, entered: str, renewed: str, seal: Seal) -> None:
    """From now on use this one. Nothing happens for an inbox that is not saved yet."""
    inbox = session.get(Inbox, inbox_id)
    if inbox is not None:
        inbox.renewed = {"of": _mark(entered), "sealed": seal.close(renewed)}


def seal_anew(inbox: Inbox, seal: Seal) -> bool:
    """Seal with the newest secret what an older one still opens; whether there was anything to do."""
    kept = inbox.renewed
    if not kept or seal.is_newest(kept["sealed"]):
        return False
    try:
        inbox.renewed = {**kept, "sealed": seal.close(seal.open(kept["sealed"]))}
    except CannotOpen:
        return False
    return True


def _mark(secret: str) -> str:
    # The secret is long and random: its hash gives nothing away.
    return hashlib.sha256(secret.encode()).hexdigest()
