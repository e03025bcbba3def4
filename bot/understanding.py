"""The desk's understanding, one for all who ask: the bot in its turns, and whoever types along on the telephone.

It thinks off the loop, in one thread. Until a model is there (loaded, or trained for the first time) nothing is
understood, and everything else goes on.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from bot.answers import Hit, KnowledgeIndex
from core.database import Database
from core.knowledge import articles
from nlu.engine import Model, NluUnavailable, Parse
from nlu.topics import with_shown


class Understanding:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._model: Model | None = None
        self._failed = False
        self._indexes: dict[int | None, tuple[object, KnowledgeIndex]] = {}
        self._thinking = ThreadPoolExecutor(1, thread_name_prefix="understanding")

    @property
    def is_ready(self) -> bool:
        return self._model is not None

    @property
    def has_failed(self) -> bool:
        """There will be no model."""
        return self._failed

    def ready(self, model: Model) -> None:
        """From now on texts are understood with this model."""
        self._model, self._failed = model, False
        self._indexes.clear()

    def unavailable(self) -> None:
        """There will be no model."""
        self._failed = True

    def close(self) -> None:
        self._thinking.shutdown(wait=False)

    async def parse(self, text: str, language: str | None, shown: str = "") -> tuple[Parse, ...]:
        """What a text is about, one parse a topic, the main one first. Raises ``NluUnavailable``.

        ``shown`` is the text in the pictures that came with it.
        """
        model = self._need()
        loop = asyncio.get_running_loop()
        return tuple(await loop.run_in_executor(self._thinking, with_shown, model, text, shown, language))

    async def search(self, organization_id: int | None, question: str, language: str) -> list[Hit]:
        """The articles this customer may read that fit best. Raises ``NluUnavailable``."""
        index = await self._index(organization_id, self._need())
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thinking, index.search, question, language)

    def _need(self) -> Model:
        if self._model is None:
            raise NluUnavailable("no model")
        return self._model

    async def _index(self, organization_id: int | None, model: Model) -> KnowledgeIndex:
        stamp = await self._database.read(articles.stamp)
        made_of, index = self._indexes.get(organization_id, (None, None))
        if index is None or made_of != stamp:
            found = await self._database.read(articles.visible, organization_id)
            loop = asyncio.get_running_loop()
            index = await loop.run_in_executor(self._thinking, KnowledgeIndex, found, model.embed)
            self._indexes[organization_id] = stamp, index
        return index
