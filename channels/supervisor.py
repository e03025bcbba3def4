"""Runs the inboxes of this process as they are set up right now: started, stopped and made anew when they change.

One inbox's failure is its own: it shows in its health and is tried again after a pause that grows.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from channels.base import Adapter, Channel, Receive, Surroundings
from channels.runner import Runner
from channels.watch import Watch
from core.errors import InboxProblem
from core.inboxes.kinds import InboxSettings
from core.inboxes.reading import Configured, configured
from core.models import RunState
from core.sealing import Seal
from core.signals import Topic
from core.values import InboxStyle

log = structlog.get_logger(__name__)

POLL = 5.0
"""Seconds between looks when nobody called."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """An inbox as this process knows it; ``task`` runs it unless it is at rest."""

    settings: InboxSettings[Any]
    is_active: bool
    channel: Channel
    task: asyncio.Task[None] | None


class Supervisor:
    """``channels`` are the active inboxes, by their id: what this process may send through."""

    def __init__(self, adapters: Mapping[str, Adapter], surroundings: Surroundings, seal: Seal, watch: Watch) -> None:
        self._adapters = adapters
        self._kinds = {key: adapter.kind for key, adapter in adapters.items()}
        self._surroundings = surroundings
        self._database = surroundings.database
        self._seal = seal
        self._watch = watch
        self._token = str(uuid.uuid4())
        self._kept: dict[int, _Kept] = {}
        self._broken: dict[int, str] = {}
        self.channels: dict[int, Channel] = {}
        self.has_looked = False
        """Whether what is set up has been begun with."""

    async def run(self, receive: Receive) -> None:
        """Run what is set up until cancelled, then stop it all."""
        with self._database.signals.subscribe(Topic.INBOX) as calls:
            try:
                while True:
                    await self._look(receive)
                    await calls.wait(POLL)
            finally:
                await asyncio.gather(*(self._stop(inbox_id) for inbox_id in list(self._kept)))

    def is_dialogue(self, inbox_id: int) -> bool:
        """Whether people wait there for an answer."""
        kept = self._kept.get(inbox_id)
        return kept is not None and self._kinds[kept.settings.channel].style is InboxStyle.DIALOGUE

    def doors(self) -> Iterator[tuple[Channel, bool]]:
        """Every inbox that may serve over HTTP, and whether it is active."""
        for kept in self._kept.values():
            yield kept.channel, kept.is_active

    async def _look(self, receive: Receive) -> None:
        try:
            found = await self._database.read(configured, self._kinds, self._seal)
        except Exception:  # what runs goes on; the next look is soon
            log.exception("inboxes_not_read")
            return
        self._learn_addresses(found)
        wanted = {one.id: one for one in found}
        changed = [inbox_id for inbox_id, kept in self._kept.items() if not _is_same(kept, wanted.get(inbox_id))]
        await asyncio.gather(*(self._stop(inbox_id) for inbox_id in changed))
        self._note_broken({one.id: one.problem for one in found if one.is_active and one.problem is not None})
        for one in found:
            if one.settings is not None and one.id not in self._kept:
                self._start(one.settings, one.is_active, receive)
        self.has_looked = True

    def _learn_addresses(self, found: Sequence[Configured]) -> None:
        own: dict[str, frozenset[str]] = {}
        for one in found:
            own[one.address_kind] = own.get(one.address_kind, frozenset()) | one.own_addresses
        self._surroundings.own_addresses.clear()
        self._surroundings.own_addresses.update(own)

    def _note_broken(self, problems: Mapping[int, InboxProblem]) -> None:
        """Inboxes whose settings cannot be read do not run, and say why."""
        for inbox_id in self._broken.keys() - problems.keys():
            self._watch.ended(inbox_id)
        for inbox_id, problem in problems.items():
            if self._broken.get(inbox_id) != str(problem):
                self._watch.turned(inbox_id, RunState.RETRYING, problem)
        self._broken = {inbox_id: str(problem) for inbox_id, problem in problems.items()}

    def _start(self, settings: InboxSettings[Any], is_active: bool, receive: Receive) -> None:
        channel = self._adapters[settings.channel].build(settings, self._surroundings)
        task = None
        if is_active:
            runner = Runner(settings, channel, receive, self._surroundings, self._watch, self._token)
            task = asyncio.create_task(runner.run(), name=f"inbox {settings.id}")
            self.channels[settings.id] = channel
            log.info("inbox_started", inbox=settings.id, channel=settings.channel)
        self._kept[settings.id] = _Kept(settings, is_active, channel, task)

    async def _stop(self, inbox_id: int) -> None:
        kept = self._kept.pop(inbox_id)
        self.channels.pop(inbox_id, None)
        if kept.task is not None:
            kept.task.cancel()
            await asyncio.gather(kept.task, return_exceptions=True)
            self._watch.ended(inbox_id)
            log.info("inbox_stopped", inbox=inbox_id)


def _is_same(kept: _Kept, wanted: Configured | None) -> bool:
    return wanted is not None and (kept.settings, kept.is_active) == (wanted.settings, wanted.is_active)
