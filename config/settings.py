"""The settings of this machine: typed, frozen, read once, handed to whoever needs them.

What an admin changes while the desk runs (inboxes, business hours, the desk's name …) lies in the database and is set
in the console. Here stands what a process must know before it can read that.

Sources, strongest first: environment variables (``FIRSTLINE_HTTP__PORT=8080``), files named by a variable that ends in
``_FILE`` (``FIRSTLINE_SECRET_FILE=/run/secrets/key``), the TOML file (``firstline.toml`` or ``$FIRSTLINE_CONFIG``). An
unknown key is an error in each of them.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic import SecretStr as Secret

PREFIX = "FIRSTLINE_"
DEFAULT_FILE = "firstline.toml"
LISTS = ("previous_secrets", "trusted_proxies")
"""Settings whose variable holds several values, between commas."""
PACK = Path(__file__).parent / "pack"

Port = Annotated[int, Field(ge=0, le=65535)]
LEAST_SECRET = 16
"""Characters that a secret has at least."""


class SettingsError(Exception):
    """The settings cannot be used; the message names each setting and what is wrong with it."""


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _https(url: str) -> str:
    if url and not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", url):
        raise ValueError("this is no address of the web; write it like https://desk.example")
    return url


def _database(url: str) -> str:
    if url and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("the desk works with sqlite:///… and postgresql+psycopg://…")
    return url


def _strong(secret: Secret) -> Secret:
    if 0 < len(secret.get_secret_value()) < LEAST_SECRET:
        raise ValueError(f"a secret has at least {LEAST_SECRET} characters; leave it out and one is made")
    return secret


Folder = Annotated[Path, AfterValidator(_absolute)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Http(_Section):
    """The web server for console, chat and links in mails."""

    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: Annotated[str, AfterValidator(_https)] = ""
    """How people reach it from outside, such as https://desk.example; empty means http://host:port."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks (10.0.0.0/8) of the web servers in front of it, whose word about a client's address counts
    (X-Forwarded-For). Without it all who come through one are one client to every limit."""
    metrics_token: Secret = Secret("")
    """Whoever sends it (``Authorization: Bearer …``) may read ``/metrics``; without it only this machine itself may."""


class Content(_Section):
    """What the bot knows and says."""

    folder: Folder = PACK


class Settings(_Section):
    data: Folder = Path("firstline-data")
    """Where the database, attachments and trained models lie."""
    database_url: Annotated[str, AfterValidator(_database)] = ""
    """Empty means an SQLite file in ``data``; postgresql+psycopg://… is the other choice."""
    secret: Annotated[Secret, AfterValidator(_strong)] = Secret("")
    """Signs links and sessions, and seals the passwords and keys of inboxes; ``firstline init`` makes one and keeps it
    in ``data``. With another one, links and sessions end, and what is sealed cannot be read unless
    ``previous_secrets`` names the old one."""
    previous_secrets: tuple[Secret, ...] = ()
    """Values that ``secret`` had before. The next start seals anew what they sealed; then they can be removed."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    http: Http = Http()
    content: Content = Content()

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data / 'firstline.db'}"

    @property
    def database_file(self) -> Path | None:
        """The file of an SQLite database."""
        url = self.effective_database_url
        return Path(url.removeprefix("sqlite:///").partition("?")[0]) if url.startswith("sqlite:///") else None

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
        except OSError as error:
            raise SettingsError(f"The settings file {chosen} cannot be read: {error.strerror}.") from error
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
        if not isinstance(values, dict):
            raise SettingsError(f"{variable}: {section} is a section and a value at once. Name its settings only.")
    values[key] = [part.strip() for part in text.split(",") if part.strip()] if key in LISTS else text


def _explain(error: ValidationError, file: Path) -> str:
    lines = [f"The settings ({file} and the {PREFIX}… variables) cannot be used:"]
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"])
        said = problem["msg"].removeprefix("Value error, ")
        message = "there is no such setting" if problem["type"] == "extra_forbidden" else said
        lines.append(f"  {name}: {message}")
    return "\n".join(lines)
