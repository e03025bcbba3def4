"""``firstline doctor``: what keeps this desk from working, in plain words, and how to mend it."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import content as contents
from bot.content import ContentError
from bot.formality import says_sie
from config.settings import Settings
from core import desk_settings, replies, schema
from core.database import Database
from core.knowledge import articles
from core.models import Agent, InboundReceipt, Organization, OutboxRow, PromiseState
from core.pictures import tesseract
from core.values import FormOfAddress, Outcome
from desk import inboxes, ports
from desk.data import open_database, with_secret
from desk.findings import Finding
from nlu import training_data
from nlu.training_data import TrainingDataError

NAMED = 20
"""So many names are listed at most."""
LEAST_FREE = 500 * 1024 * 1024


def command(settings: Settings, options: argparse.Namespace) -> int:
    """Print every finding; the exit code is 1 if something keeps the desk from running."""
    findings = examine(settings)
    for finding in findings:
        print(f"{'ok  ' if finding.good else 'FIX '} {finding.what}")
        if not finding.good:
            print(f"      {finding.mend}")
    return 0 if all(finding.good for finding in findings) else 1


def examine(settings: Settings) -> list[Finding]:
    """All findings, the good ones too."""
    return [*_data(settings), *_content(settings), *_http(settings), *_database(settings)]


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    if not folder.is_dir():
        yield Finding(
            False, f"The data folder {folder} does not exist.", "Run firstline init, which makes it or says why not."
        )
        return
    free = shutil.disk_usage(folder).free
    yield Finding(
        free > LEAST_FREE,
        f"{folder} has {free / 1024**3:.1f} GB of free space.",
        "Make room: without space for its database the desk refuses mail and chat.",
    )


def _content(settings: Settings) -> Iterator[Finding]:
    try:
        content = contents.load(settings.content.folder)
        examples = training_data.load(content.nlu_folder)
    except (ContentError, TrainingDataError) as error:
        yield Finding(False, str(error), "Mend that file, or name another folder in content.folder.")
        return
    yield Finding(
        True,
        f"The content has {len(content.common.intents)} intents, {len(content.common.flows)} flows, "
        f"{len(content.articles)} articles and {len(examples.examples)} examples.",
    )
    unknown = set(examples.intents) - set(content.common.intents) - {"out_of_scope", "nlu_fallback"}
    if unknown:
        yield Finding(False, f"intents.yml lacks {', '.join(sorted(unknown))}.", "Add them, or remove their examples.")


def _http(settings: Settings) -> Iterator[Finding]:
    http = settings.http
    yield _port(http.host, http.port, "http.port")
    if not http.public_url and http.host not in ("127.0.0.1", "localhost"):
        yield Finding(False, "Links in mails would not work from outside.", "Set http.public_url.")


def _port(host: str, port: int, setting: str) -> Finding:
    return Finding(
        ports.is_free(host, port),
        f"Port {port} on {host} ({setting}).",
        f"Another program uses it (this desk, if it is running). Otherwise choose another one with {setting}.",
    )


def _database(settings: Settings) -> Iterator[Finding]:
    if not settings.database_url and not (settings.data / "firstline.db").exists():
        yield Finding(False, "There is no database yet.", "Run firstline init.")
        return
    try:
        database = open_database(settings)
    except (SQLAlchemyError, OSError) as error:
        yield Finding(False, f"The database cannot be opened: {error}", "Check database_url.")
        return
    try:
        yield from _inside(database, settings)
    except SQLAlchemyError as error:
        yield Finding(False, f"The database cannot be read: {error}", "Check database_url, then firstline db upgrade.")
    finally:
        database.close()


def _inside(database: Database, settings: Settings) -> Iterator[Finding]:
    if not schema.is_current(database.engine):
        yield Finding(False, "The database's schema is behind.", "Run firstline db upgrade.")
        return
    agents, quarantined, failed = database.read_now(_counts)
    yield Finding(
        agents > 0, f"{agents} people can sign in.", "Add one: firstline user you@example.com --name 'Your Name'."
    )
    yield Finding(
        quarantined == 0,
        f"{quarantined} mails lie in quarantine.",
        "They could not be read. The console shows why, under Quarantine; read them again or discard them there.",
    )
    yield Finding(
        failed == 0, f"{failed} messages could not be sent.", "Each is marked on its ticket; try again there."
    )
    yield from _pictures(database.read_now(desk_settings.of_desk).reads_pictures)
    yield from inboxes.findings(with_secret(settings), database)
    yield from _address(database, settings)


def _pictures(reads: bool) -> Iterator[Finding]:
    """Whether text in pictures and faxes can be read, where that is wanted."""
    found = tesseract.installed()
    if not reads:
        yield Finding(True, "Text in pictures is not read: it is switched off under Administration, Desk.")
    elif found is None:
        yield Finding(
            False,
            "Tesseract is missing, so nobody reads the text in pictures and faxes; they arrive as pictures alone.",
            f"Install it ({tesseract.INSTALL}); what came without it is read then. "
            "Or switch it off under Administration, Desk.",
        )
    else:
        missing = [one for one in tesseract.LANGUAGES if one not in found.languages]
        yield Finding(
            not missing,
            f"Tesseract reads pictures in {' and '.join(found.languages)}.",
            f"Its language data for {' and '.join(missing)} is missing: {tesseract.INSTALL}.",
        )


def _address(database: Database, settings: Settings) -> Iterator[Finding]:
    """Whoever is to be spoken to with *du* never reads *Sie*."""
    desk = database.read_now(desk_settings.of_desk).form_of_address
    customers = database.read_now(lambda session: list(session.scalars(select(Organization))))
    readers: list[tuple[str | None, int | None]] = [(None, None)] if desk is FormOfAddress.INFORMAL else []
    readers += [(one.key, one.id) for one in customers if (one.form_of_address or desk) is FormOfAddress.INFORMAL]
    if not readers:
        return
    try:
        content = contents.load(settings.content.folder)
    except ContentError:
        return  # reported already
    responses, written, ready = set[str](), set[str](), set[str]()
    for key, organization_id in readers:
        responses.update(content.of(key).without_du())
        read = [one for one in database.read_now(articles.visible, organization_id) if one.language == "de"]
        written.update(one.key for one in read if says_sie("\n\n".join([one.title, one.summary, one.body])))
        offered = database.read_now(replies.offered, organization_id)
        ready.update(f"“{one.title}”" for one in offered if says_sie(one.text_de))
    yield _still_formal("responses", responses, "Give each a text for du (translation: de-x-du, docs/content.md).")
    yield _still_formal("articles", written, "Write them so that they fit both, such as „Netzteil einstecken“.")
    yield _still_formal("ready answers", ready, "Write them so that they fit both, or keep one for each customer.")


def _still_formal(what: str, names: set[str], mend: str) -> Finding:
    if not names:
        return Finding(True, f"No {what} say Sie where the desk says du.")
    listed = ", ".join(sorted(names)[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    return Finding(False, f"{len(names)} {what} say Sie where the desk says du: {listed}.", mend)


def _counts(session: Session) -> tuple[int, int, int]:
    agents = session.scalar(select(func.count()).select_from(Agent).where(Agent.active))
    quarantined = session.scalar(
        select(func.count()).select_from(InboundReceipt).where(InboundReceipt.outcome == Outcome.QUARANTINED)
    )
    failed = session.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.state == PromiseState.FAILED))
    return agents or 0, quarantined or 0, failed or 0
