"""The settings: typed, frozen, read once, handed to whoever needs them.

Sources, strongest first: environment variables (``FIRSTLINE_MAIL__PORT=2525``), files named by a variable that ends in
``_FILE`` (``FIRSTLINE_SECRET_FILE=/run/secrets/key``), the TOML file (``firstline.toml`` or ``$FIRSTLINE_CONFIG``). An
unknown key is an error in each of them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic import SecretStr as Secret

PREFIX = "FIRSTLINE_"
DEFAULT_FILE = "firstline.toml"
PACK = Path(__file__).parent / "pack"

LISTS = ("aliases", "allowed_origins", "trusted_servers")
"""Settings of several values, which variables divide by commas."""

Port = Annotated[int, Field(ge=0, le=65535)]


class SettingsError(Exception):
    """The settings cannot be used; the message names each setting and what is wrong with it."""


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


Folder = Annotated[Path, AfterValidator(_absolute)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Http(_Section):
    """The web server for console, chat and links in mails."""

    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: str = ""
    """How people reach it from outside, such as https://desk.example; empty means http://host:port."""
    allowed_origins: tuple[str, ...] = ("*",)
    """Pages that may embed the chat. ``*`` allows every page."""


class Mail(_Section):
    """Mail in over SMTP, mail out by submission."""

    enabled: bool = False
    address: str = ""
    """The desk's own address; mail to it becomes tickets, replies come from it."""
    name: str = "Service Desk"
    aliases: tuple[str, ...] = ()
    """Further addresses that are the desk's own."""
    listen_host: str = "127.0.0.1"
    listen_port: Port = 2525
    max_bytes: Annotated[int, Field(ge=1024)] = 50 * 1024 * 1024
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    username: str = ""
    """If set, whoever delivers must sign in with this name and ``password`` (after STARTTLS where there is one)."""
    password: Secret = Secret("")
    smtp_host: str = ""
    """The server that takes our mail; empty sends nothing and says so on the ticket."""
    smtp_port: Port = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str = ""
    smtp_password: Secret = Secret("")
    trusted_servers: tuple[str, ...] = ()
    """Our own mail gateways, by the name (authserv-id) they write into Authentication-Results (RFC 8601): what they
    found about a sender is believed. They must remove such fields from mail that comes from outside."""
    check_signatures: bool = True
    """Check DKIM, ARC and DMARC ourselves where no trusted server did; needs a resolver for DNS on this machine."""


class Chat(_Section):
    """The web chat."""

    enabled: bool = True
    max_attachment_bytes: Annotated[int, Field(ge=1)] = 10 * 1024 * 1024
    max_message_characters: Annotated[int, Field(ge=100)] = 8000
    messages_per_minute: Annotated[int, Field(ge=1)] = 30
    """How much one visitor may write."""
    sessions_per_hour: Annotated[int, Field(ge=1)] = 60
    """How many chats may be started from one network address."""


class Content(_Section):
    """What the bot knows and says."""

    folder: Folder = PACK


class Nlu(_Section):
    """Understanding."""

    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Below this confidence the bot does not act on a guess; empty takes the value found in training."""


class BusinessHours(_Section):
    """When people are at the desk."""

    time_zone: str = "Europe/Berlin"
    hours: Mapping[str, tuple[str, ...]] = {
        "mon": ("08:00-17:00",),
        "tue": ("08:00-17:00",),
        "wed": ("08:00-17:00",),
        "thu": ("08:00-17:00",),
        "fri": ("08:00-16:00",),
    }
    holidays_country: str = "DE"
    holidays_region: str = ""

    @field_validator("hours")
    @classmethod
    def _known_days(cls, hours: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        for day in hours:
            if day not in days:
                raise ValueError(f"{day!r} is no day; use {', '.join(days)}")
        return hours


class Settings(_Section):
    name: str = "Service Desk"
    """What the desk calls itself to people."""
    data: Folder = Path("firstline-data")
    """Where the database, attachments and trained models lie."""
    database_url: str = ""
    """Empty means an SQLite file in ``data``; postgresql+psycopg://… is the other choice."""
    secret: Secret = Secret("")
    """Signs links and sessions; ``firstline init`` makes one and keeps it in ``data``."""
    default_language: Literal["de", "en"] = "de"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    http: Http = Http()
    mail: Mail = Mail()
    chat: Chat = Chat()
    content: Content = Content()
    nlu: Nlu = Nlu()
    business_hours: BusinessHours = BusinessHours()

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data / 'firstline.db'}"

    @property
    def effective_public_url(self) -> str:
        return (self.http.public_url or f"http://{self.http.host}:{self.http.port}").rstrip("/")


def load(environment: Mapping[str, str] | None = None, file: Path | None = None) -> Settings:
    """Read all sources once. Raises ``SettingsError`` with one line per problem."""
    environment = os.environ if environment is None else environment
    chosen = file or Path(environment.get(PREFIX + "CONFIG", DEFAULT_FILE))
    values: dict[str, Any] = {}
    if chosen.exists():
        try:
            values = tomllib.loads(chosen.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{chosen} is not valid TOML: {error}") from error
    elif file is not None or PREFIX + "CONFIG" in environment:
        raise SettingsError(f"The settings file {chosen} does not exist.")
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and variable != PREFIX + "CONFIG":
            _set(values, variable, environment[variable])
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_explain(error, chosen)) from None


def _set(values: dict[str, Any], variable: str, text: str) -> None:
    name = variable.removeprefix(PREFIX).lower()
    if name.endswith("_file"):
        name = name.removesuffix("_file")
        try:
            text = Path(text).read_text("utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{variable} names {text}, which cannot be read: {error.strerror}.") from error
    *sections, key = name.split("__")
    for section in sections:
        values = values.setdefault(section, {})
    values[key] = [part.strip() for part in text.split(",")] if key in LISTS else text


def _explain(error: ValidationError, file: Path) -> str:
    lines = [f"The settings ({file} and the {PREFIX}… variables) cannot be used:"]
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"])
        message = "there is no such setting" if problem["type"] == "extra_forbidden" else problem["msg"]
        lines.append(f"  {name}: {message}")
    return "\n".join(lines)
