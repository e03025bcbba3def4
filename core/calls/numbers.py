"""Telephone numbers in their one normal form, E.164 (``+49301234567``), and as people read them."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import BusinessCalendar, DeskSettings

KIND = "phone"
"""The kind of a requester's address that is a telephone number."""
UNKNOWN = "unknown:"
"""What the address begins with of somebody who called without a number."""
REGION = "DE"
"""The country of numbers without one, where nobody says another."""
FEW_DIGITS = 3
"""Fewer say nothing about whom they belong to."""


def normal(text: str, region: str = REGION) -> str:
    """A number as it was written or transmitted, in E.164; empty if it is none.

    ``region`` (ISO 3166) is the country of those without one: ``030 1234567`` is in Berlin, or in Switzerland.
    """
    try:
        parsed = phonenumbers.parse(text[:64], region)
    except NumberParseException:
        return ""
    # "Possible" and not "valid": the tables of number ranges are always a little behind.
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        return ""
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def spoken(number: str) -> str:
    """A number as people read it, ``+49 30 1234567``; anything else as it is, and empty for who has none."""
    if number.startswith(UNKNOWN):
        return ""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number


def digits(text: str, region: str = REGION) -> str:
    """What is typed of a number, as it stands within the normal form: ``(030) 12`` is ``3012``, ``0049`` is ``49``."""
    found = "".join(character for character in text if character.isdigit())
    if len(found) < FEW_DIGITS or any(character.isalpha() for character in text):
        return ""
    if text.strip().startswith("+"):
        return found
    return found[2:] if found.startswith("00") else found.removeprefix("0")


def region_of(session: Session, wanted: str = "") -> str:
    """The country of numbers without one: as an inbox says, else where the desk's holidays are."""
    if wanted:
        return wanted
    country = session.scalar(
        select(BusinessCalendar.country).join(DeskSettings, DeskSettings.calendar_id == BusinessCalendar.id)
    )
    return country if country in phonenumbers.SUPPORTED_REGIONS else REGION
