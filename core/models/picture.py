"""What machines read in pictures: once for each picture, however many messages show it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, PromiseMixin, choice


class Finding(StrEnum):
    """What came of reading a picture."""

    READ = "read"
    EMPTY = "empty"
    """There is no text in it, or none that could be made out."""
    TOO_LARGE = "too_large"
    TIMED_OUT = "timed_out"
    UNREADABLE = "unreadable"
    """It is broken, or something else under that name."""
    MISSING = "missing"
    """No process of the desk has Tesseract; it is read as soon as one has."""


class PictureRow(PromiseMixin, Base):
    """A picture that is to be read, or was: its bytes lie in the blob store under their SHA-256."""

    __tablename__ = "picture"

    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    text: Mapped[str] = mapped_column(default="")
    finding: Mapped[Finding | None] = mapped_column(choice(Finding))
