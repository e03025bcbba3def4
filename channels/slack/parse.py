"""What Slack sends as values: which of it is the desk's business, in which thread it belongs, who and what. Pure.

Sources: https://docs.slack.dev/apis/events-api and https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from channels.slack.mrkdwn import mentioned

PICK, TAKE_OVER, OPEN_CONSOLE = "pick", "take_over", "open_console"
"""The actions of our own buttons; one of several choices is ``pick`` with its number."""
MAKE_TICKET, FORM = "make_ticket", "helpdesk_form"
"""The callback ids of the message shortcut and of the form."""
HIDDEN = "Slack has hidden the file “{name}”: the workspace is over its limit."
ELSEWHERE = "The file “{name}” lies outside of Slack: {url}"
"""Why there is nothing to fetch; ``{name}`` and ``{url}`` are filled in."""
_SAID = (None, "file_share", "thread_broadcast", "me_message")
"""The subtypes of what a person says; everything else is Slack's own bookkeeping."""
_SLACKBOT = "USLACKBOT"

Body = Mapping[str, Any]


class What(StrEnum):
    SAID = "said"
    CHANGED = "changed"
    DELETED = "deleted"
    PROGRAM = "program"
    """Said by another program: counted, not answered."""
    PRESSED = "pressed"
    TAKEN_OVER = "taken_over"
    COMMAND = "command"
    FILLED_IN = "filled_in"
    SHORTCUT = "shortcut"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are in this workspace (``auth.test``)."""

    team_id: str
    user_id: str
    bot_id: str
    url: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery that is the desk's business, as it is kept; ``payload`` is all that reading it needs.

    ``key`` identifies the delivery: Slack repeats it when it was not acknowledged in time. ``only_known`` means that it
    is our business only if its thread already is.
    """

    what: What
    key: str
    thread_key: str
    payload: dict[str, Any]
    only_known: bool = False


@dataclass(frozen=True, slots=True)
class SlackFile:
    """``problem`` says why there is nothing to fetch, in words that stand in the catalogue."""

    id: str
    name: str
    media_type: str
    size: int
    url: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """Something a person said; ``text`` is still mrkdwn. ``thread_ts`` is empty outside of threads."""

    channel: str
    user: str
    ts: str
    thread_ts: str
    text: str
    parent_user: str = ""
    files: tuple[SlackFile, ...] = ()

    @property
    def is_direct(self) -> bool:
        return is_direct(self.channel)


@dataclass(frozen=True, slots=True)
class Profile:
    """A person in Slack. ``is_member`` means one of this very workspace, with an address that Slack has confirmed."""

    user_id: str
    name: str
    email: str = ""
    language: str | None = None
    is_member: bool = False
    is_program: bool = False


def identity(answer: Body) -> Identity:
    """What ``auth.test`` says of us."""
    return Identity(
        str(answer["team_id"]), str(answer["user_id"]), str(answer.get("bot_id", "")), str(answer.get("url", ""))
    )


def is_direct(channel: str) -> bool:
    return channel.startswith("D")


def thread_key(team: str, channel: str, thread_ts: str = "") -> str:
    """A thread's name in the desk. In direct messages what stands outside of threads is one conversation."""
    return f"{team}/{channel}/{thread_ts}" if thread_ts else f"{team}/{channel}"


def place(key: str) -> tuple[str, str]:
    """The channel and thread (or an empty one) that a thread's name stands for."""
    _, channel, *thread = key.split("/")
    return channel, thread[0] if thread else ""


def message_key(channel: str, ts: str) -> str:
    """What identifies a message: its time is unique within its channel, however often and wherefore it is delivered."""
    return f"{channel}/{ts}"


# -- events -----------------------------------------------------------------------------------------------------------


def event(body: Body, me: Identity, watched: frozenset[str]) -> Parcel | None:
    """What an event means to the desk, if anything. ``watched`` are the channels where every message is a request."""
    inner = body.get("event", {})
    channel = inner.get("channel")
    if inner.get("type") not in ("message", "app_mention") or not isinstance(channel, str):
        return None
    match inner.get("subtype"):
        case "message_changed":
            return _changed(body, inner, me)
        case "message_deleted":
            return _deleted(body, inner.get("previous_message", {}), str(inner.get("deleted_ts", "")), channel, me)
        case "bot_message":
            return _program(body, inner, me, watched)
        case subtype if subtype in _SAID:
            return _said(body, inner, me, watched)
    return None


def _said(body: Body, inner: Body, me: Identity, watched: frozenset[str]) -> Parcel | None:
    if inner.get("bot_id") or inner.get("user") in (None, _SLACKBOT):
        return _program(body, inner, me, watched)
    said = said_in(inner)
    if said.user == me.user_id:
        return None
    calls_us = inner["type"] == "app_mention" or me.user_id in mentioned(said.text)
    opens = said.is_direct or calls_us or (said.channel in watched and not said.thread_ts)
    if not opens and not said.thread_ts:
        return None
    root = said.thread_ts if said.is_direct else said.thread_ts or said.ts
    return _parcel(What.SAID, body, thread_key(me.team_id, said.channel, root), {"message": _kept(inner)}, not opens)


def _program(body: Body, inner: Body, me: Identity, watched: frozenset[str]) -> Parcel | None:
    """Our own echo is nothing; of what other programs say where people ask us, the ledger knows."""
    if inner.get("bot_id") == me.bot_id or inner.get("user") == me.user_id:
        return None
    channel = inner["channel"]
    if not is_direct(channel) and (channel not in watched or inner.get("thread_ts")):
        return None
    ts = str(inner.get("ts", ""))
    return _parcel(What.PROGRAM, body, thread_key(me.team_id, channel, ts), {"message": {"channel": channel, "ts": ts}})


def _changed(body: Body, inner: Body, me: Identity) -> Parcel | None:
    message, before = inner.get("message", {}), inner.get("previous_message", {})
    if message.get("subtype") == "tombstone":
        return _deleted(body, before, str(message.get("ts", "")), inner["channel"], me)
    if message.get("bot_id") or message.get("user") in (None, me.user_id) or "edited" not in message:
        return None
    if message.get("text") == before.get("text"):
        return None  # Slack added a preview, or took one away
    kept = {**_kept({**message, "channel": inner["channel"]}), "edited": str(message["edited"].get("ts", ""))}
    return _parcel(What.CHANGED, body, _lane_of(me, inner["channel"], message), {"message": kept}, True)


def _deleted(body: Body, before: Body, ts: str, channel: str, me: Identity) -> Parcel | None:
    if not ts or before.get("bot_id") or before.get("user") == me.user_id:
        return None
    kept = {"channel": channel, "ts": ts}
    return _parcel(What.DELETED, body, _lane_of(me, channel, {**before, "ts": ts}), {"message": kept}, True)


def _lane_of(me: Identity, channel: str, message: Body) -> str:
    thread_ts = str(message.get("thread_ts", ""))
    root = thread_ts if is_direct(channel) else thread_ts or str(message.get("ts", ""))
    return thread_key(me.team_id, channel, root)


def _parcel(what: What, body: Body, key: str, payload: dict[str, Any], only_known: bool = False) -> Parcel:
    return Parcel(what, str(body.get("event_id", ""))[:128], key, {"what": what, **payload}, only_known)


def _kept(message: Body) -> dict[str, Any]:
    names = ("channel", "user", "ts", "thread_ts", "parent_user_id", "text", "files", "attachments", "client_msg_id")
    return {name: message[name] for name in names if name in message}


# -- interactions -----------------------------------------------------------------------------------------------------


def pressed(body: Body, me: Identity) -> Parcel | None:
    """A click on one of our own buttons."""
    action, message = body["actions"][0], body.get("message") or {}
    channel = (body.get("channel") or {}).get("id") or body.get("container", {}).get("channel_id", "")
    kept = {
        "user": body["user"]["id"],
        "channel": channel,
        "value": str(action.get("value", "")),
        "title": str((action.get("text") or {}).get("text", "")),
        "response_url": body.get("response_url", ""),
        "message": {name: message[name] for name in ("ts", "thread_ts", "text", "blocks") if name in message},
    }
    name, key = str(action.get("action_id", "")), f"press:{body.get('trigger_id', '')}"[:128]
    if name.startswith(PICK):
        return Parcel(What.PRESSED, key, _lane_of(me, channel, message), {"what": What.PRESSED, **kept})
    if name == TAKE_OVER:
        del kept["message"]
        return Parcel(What.TAKEN_OVER, key, f"ticket/{kept['value']}", {"what": What.TAKEN_OVER, **kept})
    return None


def command(body: Body) -> Parcel:
    """``/helpdesk`` with a text."""
    key = f"command:{body.get('trigger_id', '')}"[:128]
    kept = {"user": body["user_id"], "text": body.get("text", ""), "response_url": body.get("response_url", "")}
    return Parcel(What.COMMAND, key, key, {"what": What.COMMAND, **kept})


def filled_in(body: Body) -> Parcel:
    """The form behind ``/helpdesk``, sent off."""
    view = body["view"]
    values = view["state"]["values"]
    key = f"form:{view['id']}"[:128]
    files = (values.get("files", {}).get("files") or {}).get("files") or []
    kept = {"user": body["user"]["id"], "text": values["text"]["text"].get("value") or "", "files": files}
    return Parcel(What.FILLED_IN, key, key, {"what": What.FILLED_IN, **kept})


def shortcut(body: Body, me: Identity) -> Parcel:
    """*Make a ticket from this message*: ``by`` is who chose it."""
    channel, message = body["channel"]["id"], body["message"]
    kept = {
        "by": body["user"]["id"],
        "response_url": body.get("response_url", ""),
        "message": {**_kept({**message, "channel": channel}), "bot_id": message.get("bot_id", "")},
    }
    key = f"shortcut:{body.get('trigger_id', '')}"[:128]
    return Parcel(What.SHORTCUT, key, _lane_of(me, channel, message), {"what": What.SHORTCUT, **kept})


# -- parts ------------------------------------------------------------------------------------------------------------


def said_in(message: Body) -> Said:
    """A message as it was said, with what was forwarded along with it."""
    ts, thread_ts = str(message.get("ts", "")), str(message.get("thread_ts", ""))
    shared = [_shared(one) for one in message.get("attachments", []) if one.get("is_share") or one.get("is_msg_unfurl")]
    return Said(
        channel=str(message["channel"]),
        user=str(message.get("user", "")),
        ts=ts,
        thread_ts="" if thread_ts == ts else thread_ts,
        text="\n\n".join(part for part in (str(message.get("text", "")), *shared) if part),
        parent_user=str(message.get("parent_user_id", "")),
        files=files(message.get("files", [])),
    )


def _shared(attachment: Body) -> str:
    author = attachment.get("author_name", "")
    lines = str(attachment.get("text") or attachment.get("fallback") or "").splitlines()
    return "\n".join([*([f"{author}:"] if author else []), *(f"> {line}" for line in lines)])


def files(found: list[Body]) -> tuple[SlackFile, ...]:
    """The files of a message (https://docs.slack.dev/reference/objects/file-object)."""
    return tuple(_file(one) for one in found if one.get("mode") != "tombstone")


def _file(one: Body) -> SlackFile:
    problem = ""
    if one.get("mode") == "hidden_by_limit":
        problem = HIDDEN
    elif one.get("is_external") or one.get("mode") == "external":
        problem = ELSEWHERE
    return SlackFile(
        id=str(one.get("id", "")),
        name=str(one.get("name") or one.get("title") or one.get("id") or "file"),
        media_type=str(one.get("mimetype") or "application/octet-stream"),
        size=int(one.get("size") or 0),
        url=str(one.get("url_private_download") or one.get("url_private") or ""),
        problem=problem,
    )


def profile(user: Body, team_id: str) -> Profile:
    """A person of ``users.info`` (https://docs.slack.dev/reference/objects/user-object)."""
    inner = user.get("profile", {})
    guest = user.get("is_restricted") or user.get("is_ultra_restricted")
    foreign = user.get("is_stranger") or user.get("team_id", team_id) != team_id
    email = str(inner.get("email") or "").strip().lower()
    locale = str(user.get("locale") or "")[:2]
    return Profile(
        user_id=str(user["id"]),
        name=str(inner.get("real_name") or inner.get("display_name") or user.get("name") or ""),
        email=email,
        language=locale if locale in ("de", "en") else None,
        is_member=bool(email)
        and not (guest or foreign or user.get("deleted"))
        and user.get("is_email_confirmed", True),
        is_program=bool(user.get("is_bot")),
    )
