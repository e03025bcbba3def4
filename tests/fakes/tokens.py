"""A provider's token endpoint (RFC 6749) with introspection (RFC 7662), and a mail server that takes its tokens."""

from __future__ import annotations

import base64
import itertools

from aiosmtpd.smtp import SMTP, AuthResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.fakes.mailserver import MailServer

CLIENT, SECRET = "0f1e-client", "the secret of the app"


class TokenEndpoint(Starlette):
    """Each refresh token is good once and gives the next one; ``good`` are the access tokens, with whose they are."""

    def __init__(self, user: str) -> None:
        super().__init__(
            routes=[Route("/token", self._token, methods=["POST"]), Route("/introspect", self._introspect)]
        )
        self._user = user
        self._numbers = itertools.count(1)
        self.refresh = "refresh-0"
        self.good: dict[str, str] = {}
        self.issued = 0

    async def _token(self, request: Request) -> JSONResponse:
        form = await request.form()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return _error(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
        if form.get("grant_type") != "refresh_token":
            return _error(400, "unsupported_grant_type", "")
        if form.get("refresh_token") != self.refresh:
            return _error(400, "invalid_grant", "AADSTS700082: The refresh token has expired.")
        number = next(self._numbers)
        access, self.refresh = f"access-{number}", f"refresh-{number}"
        self.good[access] = self._user
        self.issued += 1
        return JSONResponse(
            {"token_type": "Bearer", "expires_in": 3599, "access_token": access, "refresh_token": self.refresh}
        )

    async def _introspect(self, request: Request) -> JSONResponse:
        user = self.good.get(request.query_params["token"])
        return JSONResponse({"active": user is not None, "username": user or ""})


class TokenMailServer(MailServer):
    """Takes mail from whoever shows a good token by XOAUTH2."""

    def __init__(self, endpoint: TokenEndpoint) -> None:
        super().__init__()
        self._endpoint = endpoint
        self.shown: list[str] = []

    async def auth_XOAUTH2(self, server: SMTP, arguments: list[str]) -> AuthResult:  # noqa: N802
        user, bearer = base64.b64decode(arguments[1]).decode().split("\1")[:2]
        token = bearer.removeprefix("auth=Bearer ")
        self.shown.append(token)
        return AuthResult(success=f"user={self._endpoint.good.get(token)}" == user, handled=False)


def _error(status: int, code: str, description: str) -> JSONResponse:
    return JSONResponse({"error": code, "error_description": description}, status)
