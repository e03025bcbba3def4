"""What a command needs before there is a desk: the data folder with its secret, and the database."""

from __future__ import annotations

import os
import secrets

from pydantic import SecretStr

from config.settings import Settings
from core.database import Database
from core.sealing import Seal


def with_secret(settings: Settings) -> Settings:
    """The settings with a secret: their own, or the one kept in the data folder, made at the first start."""
    if settings.secret.get_secret_value():
        return settings
    settings.data.mkdir(parents=True, exist_ok=True)
    path = settings.data / "secret"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return settings.model_copy(update={"secret": SecretStr(path.read_text("utf-8").strip())})


def open_database(settings: Settings) -> Database:
    settings.data.mkdir(parents=True, exist_ok=True)
    return Database(settings.effective_database_url)


def seal_of(settings: Settings) -> Seal:
    previous = [secret.get_secret_value() for secret in settings.previous_secrets]
    return Seal(settings.secret.get_secret_value(), previous)
