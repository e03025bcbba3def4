"""The command line: ``firstline init | serve | demo | doctor | user | inbox | mail | fax | db | backup | …``."""

from __future__ import annotations

import argparse
import pkgutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from config import settings as configuration
from config.settings import Settings, SettingsError
from core.errors import DeskError
from desk import logs

Command = Callable[[Settings, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; mistakes people can mend are said in one line, without a traceback."""
    options = _parser().parse_args(arguments)
    try:
        settings = configuration.load(file=options.config)
        served = options.command == "serve"
        logs.configure(settings.log_level if served else options.log_level, plain=not served)
        command: Command = pkgutil.resolve_name(options.run)
        return command(settings, options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1
    except _mendable() as error:
        print(f"firstline: {error}", file=sys.stderr)
        return 2


def _mendable() -> tuple[type[Exception], ...]:
    """The mistakes people can mend; their homes are loaded only once something went wrong."""
    from bot.content import ContentError
    from nlu.training_data import TrainingDataError

    return SettingsError, ContentError, DeskError, TrainingDataError


def _parser() -> argparse.ArgumentParser:
    """``run`` names what a command is, so that only the one that runs is loaded."""
    parser = argparse.ArgumentParser(
        prog="firstline", description="A self-hosted service desk whose first level is a bot."
    )
    parser.set_defaults(log_level="warning")
    parser.add_argument("--config", type=Path, help="the settings file (default: firstline.toml, if there is one)")
    add = parser.add_subparsers(dest="command", required=True).add_parser

    one = add("demo", help="a seeded desk on this machine, to look around")
    one.add_argument("--data", type=Path, help="where it keeps its data (default: what is set, or firstline-data/demo)")
    one.add_argument("--port", type=int, help="the port of console, chat and demo mailbox (default: what is set, 8080)")
    one.add_argument("--smtp-port", type=int, default=2525, help="the port that takes mail")
    one.add_argument("--fresh", action="store_true", help="forget what an earlier demo left")
    one.set_defaults(run="desk.demo.run:command")

    one = add("init", help="make the database, the secret, teams and a web chat")
    one.add_argument("--name", help="what a new desk calls itself")
    one.add_argument("--language", choices=["de", "en"], help="a new desk's language")
    one.add_argument("--address", choices=["formal", "informal"], help="whether it says Sie or du in German")
    one.set_defaults(run="desk.setup:init")
    add("serve", help="run the desk").set_defaults(run="desk.serve:command")
    add("doctor", help="say what is missing and how to mend it").set_defaults(run="desk.checks:command")

    one = add("user", help="add or change a member of staff")
    one.add_argument("email")
    one.add_argument("--name", required=True)
    one.add_argument("--role", choices=["agent", "lead", "admin"], default="agent")
    one.add_argument("--team", action="append", default=[], help="a team's key; may be repeated")
    one.add_argument("--language", choices=["de", "en"], default="de")
    one.add_argument("--password-file", type=Path, help="a file with the password; otherwise it is asked for")
    one.set_defaults(run="desk.commands:user")

    _add_inbox(add("inbox", help="inboxes, for scripts and containers"))

    mail = add("mail", help="mail that lies in files").add_subparsers(dest="action", required=True)
    one = mail.add_parser("ingest", help="take it in as if it had just arrived, and say what became of it")
    one.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="an mbox, a Maildir, or .eml files")
    one.add_argument("--inbox", help="a mailbox, by its number or address, if there are several")
    one.add_argument("--unanswered", action="store_true", help="old mail: for people, without a word to its senders")
    one.add_argument("--json", action="store_true", help="print one JSON object")
    one.set_defaults(run="desk.ingest:command", log_level="error")

    fax = add("fax", help="faxes that a fax server received").add_subparsers(dest="action", required=True)
    one = fax.add_parser("drop", help="put them into the folder of a fax line, with who sent them")
    one.add_argument("files", type=Path, nargs="+", metavar="FILE", help="TIFF or PDF")
    one.add_argument("--into", type=Path, required=True, help="the folder that is set for the fax line")
    one.add_argument("--number", default="", help="the sender's number, in any form")
    one.add_argument("--station", default="", help="what the sender's machine calls itself")
    one.set_defaults(run="desk.faxes:command")

    one = add("db", help="the database's schema")
    one.add_argument("action", choices=["upgrade", "check"])
    one.set_defaults(run="desk.commands:db")

    one = add("backup", help="write everything the desk holds into one archive")
    one.add_argument("archive", type=Path)
    one.set_defaults(run="desk.commands:backup")

    one = add("restore", help="bring back an archive into an empty desk")
    one.add_argument("archive", type=Path)
    one.set_defaults(run="desk.commands:restore")

    nlu = add("nlu", help="understanding").add_subparsers(dest="action", required=True)
    one = nlu.add_parser("parse", help="read lines (or JSON lines with text), print what they mean")
    one.add_argument("file", nargs="?", default="-", help="a file, or - for standard input")
    one.set_defaults(run="desk.understanding:parse")
    one = nlu.add_parser("evaluate", help="how good the understanding is on labelled messages")
    one.add_argument("file", type=Path, help="Rasa YAML, text<TAB>intent, or JSON lines with text and intent")
    one.add_argument("--train", type=Path, help="train on this file first, instead of the desk's own content")
    one.add_argument("--json", action="store_true", help="print one JSON object")
    one.set_defaults(run="desk.measuring:command")

    bot = add("bot", help="the bot").add_subparsers(dest="action", required=True)
    one = bot.add_parser("rehearse", help="run scripted conversations against a scratch desk")
    one.add_argument("file", type=Path)
    one.add_argument("--json", action="store_true", help="print one JSON object")
    one.set_defaults(run="desk.rehearsal:command")
    return parser


def _add_inbox(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="all inboxes and how they are doing")
    one = actions.add_parser("kinds", help="the channels there are, and what is set of one")
    one.add_argument("kind", nargs="?")
    one = actions.add_parser("add", help="set up an inbox")
    one.add_argument("kind", help="the channel, see firstline inbox kinds")
    one.add_argument("name", help="by which colleagues know it")
    one.add_argument("values", nargs="*", metavar="name=value", help="its settings; name=@file reads a file")
    one.add_argument("--language", choices=["de", "en"], default="de")
    one.add_argument("--team", help="a team's key")
    one.add_argument("--organization", help="a customer's key")
    one = actions.add_parser("set", help="change settings of an inbox")
    one.add_argument("id", type=int)
    one.add_argument("values", nargs="+", metavar="name=value")
    for name, what in (("pause", "let an inbox rest"), ("resume", "let it work again")):
        actions.add_parser(name, help=what).add_argument("id", type=int)
    parser.set_defaults(run="desk.inboxes:command")
