"""What a channel's folder declares of itself, so that the rest of the house can show, check and keep its settings.

A ``Kind`` names a ``Configuration``: a pydantic model whose fields are the settings of one inbox. How a field is shown
follows from its type (``bool`` a switch, ``int`` a number, ``Literal`` a choice, ``tuple[str, ...]`` one a line,
``SecretStr`` a secret that is only ever written, anything else a line of text) and from its ``Shown``. All texts are
English and stand in the German catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, NoReturn, TypeVar, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, PydanticUndefined

from core.values import FormOfAddress, InboxStyle

Control = Literal["text", "number", "switch", "choice", "lines", "secret"]


@dataclass(frozen=True, slots=True)
class Shown:
    """How a field is shown. ``options`` name the values of a choice; ``when`` shows it only while another field has one
    of these values, such as ``("receive", ("imap",))``; fields with the same ``section`` stand together under it."""

    label: str
    help: str = ""
    section: str = ""
    placeholder: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    when: tuple[str, tuple[str, ...]] | None = None
    rows: int = 1
    """More than one makes a line of text a box."""


class Configuration(BaseModel):
    """The settings of one inbox of a kind; each kind has its own subclass."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, validate_default=True)

    @property
    def inbox_address(self) -> str:
        """What the world writes to, in its one normal form; no two inboxes of a kind share it."""
        raise NotImplementedError

    @property
    def own_addresses(self) -> frozenset[str]:
        """All addresses that are the inbox's own."""
        return frozenset({self.inbox_address})

    @property
    def is_exclusive(self) -> bool:
        """Whether only one process may run the inbox at a time (one that polls, or holds a single connection)."""
        return False


C = TypeVar("C", bound=Configuration)
C_co = TypeVar("C_co", bound=Configuration, covariant=True)


@dataclass(frozen=True, slots=True)
class InboxSettings(Generic[C_co]):
    """One inbox as its adapter sees it; a change of any of this makes the adapter start anew.

    ``sender_name`` is what the desk is called there, ``form_of_address`` how it speaks German to everybody whose
    customer did not choose. ``id`` is 0 for one that is only being tried out.
    """

    id: int
    channel: str
    name: str
    sender_name: str
    language: str
    configuration: C_co
    form_of_address: FormOfAddress = FormOfAddress.FORMAL

    @property
    def address(self) -> str:
        return self.configuration.inbox_address


@dataclass(frozen=True, slots=True)
class Step:
    """Something to be done on the other side, with what is to be copied there."""

    text: str
    copy: str = ""


@dataclass(frozen=True)
class Kind(Generic[C]):
    """A channel. ``address_kind`` is the kind of address it reaches people at (``email``, ``webchat``, …).

    ``pushes`` says that what the other side took is before the person's eyes, as in a messenger; what somebody has to
    come back for (in a web chat) and did not is sent by mail as well. ``can_send`` is False where nobody can be
    written to, as on the telephone: there the bot has no say, and people answer in another way. ``can_test`` promises
    that its adapter has a ``test``, ``test_recipient`` that it has a ``send_test``, and says what to send it to.
    ``steps`` are shown beside the form; they get the inbox and the desk's address on the web.
    """

    key: str
    title: str
    description: str
    style: InboxStyle
    address_kind: str
    configuration: type[C]
    pushes: bool = False
    can_send: bool = True
    can_test: bool = False
    test_recipient: Shown | None = None
    steps: Callable[[InboxSettings[C], str], Sequence[Step]] = lambda inbox, public_url: ()


Kinds = Mapping[str, Kind[Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A field of a configuration, ready to be shown; ``default`` as it stands in a form."""

    name: str
    shown: Shown
    control: Control
    default: str
    is_required: bool


def entries(configuration: type[Configuration]) -> tuple[Entry, ...]:
    """The fields of a configuration in their order."""
    return tuple(_entry(name, info) for name, info in configuration.model_fields.items())


def _entry(name: str, info: FieldInfo) -> Entry:
    shown = next((one for one in info.metadata if isinstance(one, Shown)), None)
    if shown is None:
        raise TypeError(f"the field {name} does not say how it is shown")
    default = "" if info.default is PydanticUndefined else as_text(info.default)
    return Entry(name, shown, _control(info.annotation), default, info.is_required())


def _control(annotation: Any) -> Control:
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) is tuple:
        return "lines"
    by_type: dict[Any, Control] = {bool: "switch", int: "number", SecretStr: "secret"}
    return by_type.get(annotation, "text")


def as_text(value: Any) -> str:
    """A value as it stands in a form; a secret never does."""
    if isinstance(value, SecretStr):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "\n".join(value) if isinstance(value, tuple) else str(value)


def refuse(template: str, **values: object) -> NoReturn:
    """Say in a validator what is wrong with a value, in words that stand in the German catalogue."""
    raise PydanticCustomError("refused", template, {"template": template, **values})


def _mail_address(text: str) -> str:
    local, _, domain = text.rpartition("@")
    if not local or not domain or any(character.isspace() for character in text):
        refuse("That is no e-mail address.")
    return text.lower()


def _port(number: int) -> int:
    if not 0 <= number <= 65535:
        refuse("A port is a number from 1 to 65535.")
    return number


MailAddress = Annotated[str, AfterValidator(_mail_address)]
Port = Annotated[int, AfterValidator(_port)]
Region = Annotated[
    Literal["", "DE", "AT", "CH"],
    Shown(
        "Country",
        "Of numbers that are told without one, such as 030 1234567.",
        options={
            "": "That of the desk’s business hours",
            "DE": "Germany (+49)",
            "AT": "Austria (+43)",
            "CH": "Switzerland (+41)",
        },
    ),
]
