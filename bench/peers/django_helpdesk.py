"""Runs in the peers' environment: every mail of a folder through django-helpdesk, as its own fetching by IMAP does it.

    python -m bench.peers.django_helpdesk MAILS DATA

Prints JSON: ``seconds`` without the start and without the network, ``texts`` of all that was stored, ``failed``.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path
from django.utils import encoding

APPS = ("auth", "contenttypes", "sessions", "sites", "messages", "staticfiles", "humanize", "admin")


def main(mails: Path, data: Path) -> None:
    settings.configure(
        SECRET_KEY="bench",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": data / "db.sqlite3"}},
        INSTALLED_APPS=[*(f"django.contrib.{app}" for app in APPS), "rest_framework", "helpdesk"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        HELPDESK_TEAMS_MODE_ENABLED=False,
        MEDIA_ROOT=data / "media",
        SITE_ID=1,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        USE_TZ=True,
    )
    django.setup()
    settings.ROOT_URLCONF = (path("", include("helpdesk.urls")),)
    call_command("migrate", verbosity=0)
    print(json.dumps(_run(mails)))


def _run(mails: Path) -> dict[str, object]:
    from helpdesk.email import extract_email_metadata
    from helpdesk.models import FollowUp, Queue, Ticket

    queue = Queue.objects.create(
        title="Desk", slug="desk", email_address="desk@desk.example", allow_email_submission=True, email_box_type="imap"
    )
    logging.disable(logging.CRITICAL)
    raw = [file.read_bytes() for file in sorted(mails.glob("*.eml"))]
    failed: list[str] = []
    started = time.perf_counter()
    for one in raw:
        try:
            extract_email_metadata(encoding.force_str(one, errors="replace"), queue, logging.getLogger("bench"))
        except Exception as error:  # it would end the run; here the next one is tried
            failed.append(f"{type(error).__name__}: {error}"[:200])
    seconds = time.perf_counter() - started
    texts = [*Ticket.objects.values_list("description", flat=True), *FollowUp.objects.values_list("comment", flat=True)]
    return {"seconds": seconds, "texts": texts, "failed": failed, "tickets": Ticket.objects.count()}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
