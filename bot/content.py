"""The content folder as one checked value: what may be said, asked and done, for everybody and per organization.

``Content.of(organization)`` is the only way to it, so nothing of one customer can reach another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.flows import Flow, FlowError, compile_flow
from bot.formality import says_sie
from core.knowledge.articles import ArticleText
from core.values import INFORMAL_GERMAN, Scale, TicketKind

LANGUAGES = ("de", "en")
TAGS = (*LANGUAGES, INFORMAL_GERMAN)
"""What a text may be written in. Of these, ``de-x-du`` may be missing: then the German text must address nobody."""
ORGANIZATIONS = "organizations"


class ContentError(Exception):
    """A content file cannot be used; the message names the file and what to mend."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What the bot does with an intent (``docs/content.md``, intents.yml)."""

    key: str
    label: Mapping[str, str]
    bot: str
    kind: TicketKind = TicketKind.QUESTION
    impact: Scale = Scale.LOW
    urgency: Scale = Scale.MEDIUM
    team: str = "service-desk"
    direct: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Button:
    title: Mapping[str, str]
    payload: str


@dataclass(frozen=True, slots=True)
class Response:
    """One variant of what may be said; ``condition`` are slot values that must hold."""

    text: Mapping[str, str]
    buttons: tuple[Button, ...] = ()
    condition: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    key: str
    type: str
    values: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """The content as one organization sees it."""

    intents: Mapping[str, Intent]
    responses: Mapping[str, tuple[Response, ...]]
    slots: Mapping[str, Slot]
    flows: Mapping[str, Flow]

    def flow_for(self, intent: str) -> Flow | None:
        return next((flow for flow in self.flows.values() if intent in flow.intents), None)

    def label(self, intent: str, language: str) -> str:
        spec = self.intents.get(intent)
        return intent.replace("_", " ") if spec is None else spec.label.get(language, intent)

    def without_du(self) -> list[str]:
        """The responses that would say *Sie* to somebody who is to be spoken to with *du*, by name."""
        return sorted(
            name
            for name, variants in self.responses.items()
            if any(
                says_sie(texts.get(INFORMAL_GERMAN, texts["de"]))
                for variant in variants
                for texts in (variant.text, *(button.title for button in variant.buttons))
            )
        )


@dataclass(frozen=True)
class Content:
    """Everything in the folder. ``version`` changes with any byte of it."""

    common: View
    organizations: Mapping[str, View]
    articles: tuple[ArticleText, ...]
    version: str
    nlu_folder: Path = field(default=Path())

    def of(self, organization: str | None) -> View:
        return self.organizations.get(organization or "", self.common)


def load(folder: Path) -> Content:
    """Read and check the whole folder. Raises ``ContentError``."""
    if not (folder / "intents.yml").is_file():
        raise ContentError(f"{folder} is no content folder: intents.yml is missing.")
    common = _view(folder, None)
    organizations = {
        path.name: _view(path, common) for path in sorted((folder / ORGANIZATIONS).glob("*")) if path.is_dir()
    }
    for view in (common, *organizations.values()):
        _check(view, folder)
    articles = [*_articles(folder / "knowledge", None)]
    for key in organizations:
        articles += _articles(folder / ORGANIZATIONS / key / "knowledge", key)
    return Content(common, organizations, tuple(articles), _version(folder), folder / "nlu")


def _view(folder: Path, base: View | None) -> View:
    intents = dict(base.intents) if base else {}
    responses = dict(base.responses) if base else {}
    slots = dict(base.slots) if base else {}
    flows = dict(base.flows) if base else {}
    if (folder / "intents.yml").is_file():
        for key, source in _mapping(folder / "intents.yml", "intents").items():
            intents[key] = _intent(folder / "intents.yml", key, source)
    for path in sorted((folder / "domain").glob("*.yml")):
        for key, source in _mapping(path, "slots").items():
            slots[key] = _slot(path, key, source)
        for key, source in _mapping(path, "responses").items():
            responses[key] = tuple(_response(path, key, variant) for variant in source)
    for path in sorted((folder / "flows").glob("*.yml")):
        for key, source in _mapping(path, "flows").items():
            try:
                flows[key] = compile_flow(key, source)
            except FlowError as error:
                raise ContentError(f"{path}: {error}") from None
    return View(intents, responses, slots, flows)


_TOP = {"intents": {"intents"}, "slots": {"version", "slots", "responses"}, "flows": {"version", "flows"}}


def _mapping(path: Path, section: str) -> Mapping[str, Any]:
    try:
        source = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContentError(f"{path} is not valid YAML: {error}") from error
    allowed = _TOP["slots" if section == "responses" else section]
    unknown = set(source) - allowed if isinstance(source, dict) else {"(no mapping)"}
    if unknown:
        raise ContentError(f"{path}: unknown key {sorted(unknown)[0]!r}; known are {', '.join(sorted(allowed))}")
    found = source.get(section) or {}
    if not isinstance(found, dict):
        raise ContentError(f"{path}: {section} must be a mapping")
    return found


def _intent(path: Path, key: str, source: Any) -> Intent:
    try:
        values = dict(source)
        for name, enum in (("kind", TicketKind), ("impact", Scale), ("urgency", Scale)):
            if name in values:
                values[name] = enum(values[name])
        intent = Intent(key=key, **values)
    except (TypeError, ValueError) as error:
        raise ContentError(f"{path}: intent {key}: {error}") from None
    if intent.bot not in ("solve", "collect", "human", "chat"):
        raise ContentError(f"{path}: intent {key}: bot must be solve, collect, human or chat, not {intent.bot!r}")
    if missing := set(LANGUAGES) - set(intent.label):
        raise ContentError(f"{path}: intent {key} has no label in {', '.join(sorted(missing))}")
    return intent


def _slot(path: Path, key: str, source: Any) -> Slot:
    kind = source.get("type") if isinstance(source, dict) else None
    if kind not in ("text", "bool", "categorical", "float"):
        raise ContentError(f"{path}: slot {key}: type must be text, bool, categorical or float")
    if wrong := [value for value in source.get("values", ()) if isinstance(value, bool)]:
        word = "yes" if wrong[0] else "no"
        raise ContentError(f'{path}: slot {key}: YAML reads {word} as a truth value; write "{word}" in quotes')
    entities = [str(mapping["entity"]) for mapping in source.get("mappings", ()) if mapping["type"] == "from_entity"]
    return Slot(key, kind, tuple(str(value) for value in source.get("values", ())), tuple(entities))


def _texts(path: Path, key: str, name: str, source: Mapping[str, Any]) -> Mapping[str, str]:
    texts = {LANGUAGES[0]: source.get(name), **source.get("translation", {})}
    if unknown := set(texts) - set(TAGS):
        raise ContentError(f"{path}: {key}: unknown language {sorted(unknown)[0]!r}; known are {', '.join(TAGS)}")
    for tag in (*LANGUAGES, *texts):
        if not isinstance(texts.get(tag), str) or not str(texts[tag]).strip():
            raise ContentError(f"{path}: {key} has no {name} in {tag}")
    return {tag: str(text).strip() for tag, text in texts.items()}


def _response(path: Path, key: str, source: Any) -> Response:
    if not isinstance(source, dict):
        raise ContentError(f"{path}: {key}: every variant needs a text")
    buttons = tuple(
        Button(_texts(path, f"a button of {key}", "title", button), str(button["payload"]))
        for button in source.get("buttons", ())
    )
    condition = tuple((str(part["name"]), part["value"]) for part in source.get("condition", ()))
    return Response(_texts(path, key, "text", source), buttons, condition)


def _check(view: View, folder: Path) -> None:
    """Everything a flow names exists."""
    for flow in view.flows.values():
        for intent in flow.intents:
            if intent not in view.intents:
                raise ContentError(f"{folder}: flow {flow.key}: intents.yml knows no intent {intent!r}")
        for step in flow.steps:
            for missing in _missing(view, step.collect, step.utter, step.action, step.link):
                raise ContentError(f"{folder}: flow {flow.key}, step {step.id}: there is no {missing}")
            for rejection in step.rejections:
                if rejection.utter not in view.responses:
                    raise ContentError(f"{folder}: flow {flow.key}: there is no response {rejection.utter!r}")


def _missing(view: View, collect: str, utter: str, action: str, link: str) -> Iterator[str]:
    if collect and collect not in view.slots:
        yield f"slot {collect!r}"
    if utter and utter not in view.responses:
        yield f"response {utter!r}"
    if collect and f"utter_label_{collect}" not in view.responses:
        yield f"response 'utter_label_{collect}'"
    if action.startswith("utter_") and action not in view.responses:
        yield f"response {action!r}"
    if action and not action.startswith("utter_") and action not in ACTIONS:
        yield f"action {action!r}"
    if link and link not in view.flows:
        yield f"flow {link!r}"


ACTIONS = (
    "action_handoff",
    "action_resolve",
    "action_ticket_status",
    "action_close_ticket",
    "action_opening_hours",
    "action_service_status",
)

_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n(.*)\Z", re.DOTALL)


def _articles(folder: Path, organization: str | None) -> Sequence[ArticleText]:
    return [
        _article(path, language, organization)
        for language in LANGUAGES
        for path in sorted((folder / language).glob("*.md"))
    ]


def _article(path: Path, language: str, organization: str | None) -> ArticleText:
    text = path.read_text("utf-8")
    match = _FRONT_MATTER.match(text)
    try:
        front = yaml.load(match.group(1), Loader=yaml.CSafeLoader) if match else None
    except yaml.YAMLError as error:
        raise ContentError(f"{path}: the front matter is not valid YAML: {error}") from error
    if match is None or not isinstance(front, dict) or not front.get("title"):
        raise ContentError(f"{path}: the article must begin with front matter that has a title")
    return ArticleText(
        key=path.stem,
        language=language,
        title=str(front["title"]),
        summary=str(front.get("summary", "")),
        body=match.group(2).strip(),
        intents=tuple(str(intent) for intent in front.get("intents", ())),
        keywords=tuple(str(keyword) for keyword in front.get("keywords", ())),
        content_sha256=hashlib.sha256(text.encode()).hexdigest(),
        organization=organization,
    )


def _version(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".yml", ".md"):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
