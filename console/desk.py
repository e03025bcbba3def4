"""The desk itself in the administration: its name, its languages, how sure the bot must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console.administration import Administration
from console.auth import SignedIn
from console.forms import Filled, chosen, texts
from core import desk_settings
from core.errors import DeskError
from core.values import FormOfAddress
from web.outside import read_form

ROOT = "/console/admin/desk"


class DeskPage:
    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self._database = administration.database
        self.routes: Sequence[BaseRoute] = [Route(ROOT, administration.required(self._page), methods=["GET", "POST"])]

    async def _page(self, request: Request, signed_in: SignedIn) -> Response:
        if request.method == "GET":
            saved = "saved" in request.query_params
            return await self._show(signed_in, Filled(await self._database.read(_values)), saved)
        typed = texts(await read_form(request))
        try:
            await self._database.write(
                desk_settings.save,
                typed.get("name", ""),
                typed.get("default_language", ""),
                chosen(FormOfAddress, typed.get("form_of_address", ""), "form_of_address") or FormOfAddress.FORMAL,
                _share(typed.get("threshold", "")),
                self._administration.clock.now(),
                typed.get("reads_pictures") == "yes",
            )
        except DeskError as error:
            return await self._show(signed_in, Filled.wrong(typed, error, signed_in.agent.language), False)
        return RedirectResponse(f"{ROOT}?saved=yes", 303)

    async def _show(self, signed_in: SignedIn, filled: Filled, saved: bool) -> Response:
        forms = list(FormOfAddress)
        return await self._administration.page(
            signed_in, "desk", "admin_desk.html", filled.status, filled=filled, was_saved=saved, forms_of=forms
        )


def _values(session: Session) -> Mapping[str, str]:
    desk = desk_settings.read(session)
    return {
        "name": desk.name,
        "default_language": desk.default_language,
        "form_of_address": desk.form_of_address,
        "threshold": f"{desk.threshold * 100:g}" if desk.threshold is not None else "",
        "reads_pictures": "yes" if desk.reads_pictures else "",
    }


def _share(text: str) -> float | None:
    """A percentage as people write it, as a share; None for nothing. What is no number is out of any range."""
    text = text.replace("%", "").replace(",", ".").strip()
    try:
        return float(text) / 100 if text else None
    except ValueError:
        return -1.0
