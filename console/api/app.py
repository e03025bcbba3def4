"""The REST API over HTTP: bearer tokens with scopes, pages by cursor, problems as RFC 9457, OpenAPI 3.1."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.content import Content
from console.api.operation import LARGEST_PAGE, PAGE, Call, Operation
from console.api.operations import OPERATIONS
from console.api.values import Problem
from core import tokens
from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.errors import DeskError, InvalidInput
from core.models import ApiToken
from web.limiting import Limiter
from web.responses import attachment, json_object, problem, status_of

ROOT = "/api/v1"
PER_MINUTE = 600
LARGEST = 512 * 1024


class Api:
    def __init__(self, database: Database, clock: Clock, content: Content, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs
        self._content = content
        self._clock = clock
        self._limiter = Limiter()
        paths = dict.fromkeys(operation.path for operation in OPERATIONS)
        self.routes: Sequence[BaseRoute] = [
            Route(f"{ROOT}/openapi.json", lambda _: JSONResponse(openapi())),
            *(self._route(path) for path in paths),
        ]

    def _route(self, path: str) -> Route:
        by_method = {operation.method: operation for operation in OPERATIONS if operation.path == path}

        async def endpoint(request: Request) -> Response:
            return await self._run(request, by_method[request.method])

        return Route(f"{ROOT}{path}", endpoint, methods=list(by_method))

    async def _run(self, request: Request, operation: Operation) -> Response:
        token = await self._token(request)
        if token is None:
            return problem(401, "A valid token is needed: Authorization: Bearer fl_…")
        if operation.scope not in token.scopes:
            return problem(403, f"This token may not do that. It needs the scope {operation.scope}.")
        if not self._limiter.per_minute("api", str(token.id), PER_MINUTE):
            return problem(429, f"At most {PER_MINUTE} requests a minute. Please wait.", retry_after=60)
        ids: dict[str, int] = request.path_params
        try:
            operation.check(request.query_params)
            value = await _value(request, operation.value)
            query = dict(request.query_params)
            call = Call(token.agent_id, self._clock.now(), ids, query, value, self._content)
            run = self._database.read if request.method == "GET" else self._database.write
            found = await run(operation.run, call)
        except DeskError as error:
            return _mistake(error)
        except ValidationError as error:
            wrong = [{"field": ".".join(map(str, one["loc"])), "detail": one["msg"]} for one in error.errors()]
            return problem(422, "Some values cannot be used.", errors=wrong)
        if operation.is_file:
            content = await asyncio.to_thread(self._blobs.get, found.sha256)
            return attachment(content, found.filename)
        return _answer(operation, call, found)

    async def _token(self, request: Request) -> ApiToken | None:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            return None
        token = await self._database.read(tokens.find, secret.strip())
        now = self._clock.now()
        if token is not None and now - (token.last_used_at or now - timedelta(days=1)) > tokens.SEEN_EVERY:
            await self._database.write(tokens.seen, token.id, now)
        return token


def _mistake(error: DeskError) -> Response:
    """What was wrong, and with which field or parameter."""
    if not isinstance(error, InvalidInput) or error.field is None:
        return problem(status_of(error), str(error))
    return problem(status_of(error), str(error), errors=[{"field": error.field, "detail": str(error)}])


async def _value(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    return model.model_validate(await json_object(request, LARGEST)) if model is not None else None


def _answer(operation: Operation, call: Call, found: Any) -> Response:
    if not operation.is_list:
        return JSONResponse(found.model_dump(mode="json"), operation.status)
    items = [one.model_dump(mode="json") for one in found]
    if not operation.is_paged:
        return JSONResponse({"items": items})
    full = len(items) == int(call.query.get("limit", str(PAGE)))
    return JSONResponse({"items": items, "next": items[-1]["id"] if items and full else None})


_FILE = {"description": "The file", "content": {"application/octet-stream": {}}}


def openapi() -> dict[str, Any]:
    """The description programs and tools read (OpenAPI 3.1), made of the operations themselves."""
    schemas: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = re.sub(r":int\}", "}", operation.path)
        described: dict[str, Any] = {
            "summary": operation.summary,
            "operationId": f"{operation.method.lower()}{re.sub(r'[^a-z]+', '_', path)}".rstrip("_"),
            "security": [{"token": [operation.scope]}],
            "parameters": _parameters(operation, path),
            "responses": {
                str(operation.status): _FILE if operation.is_file else _json("Done", _result(operation, schemas)),
                "4XX": _json("What was wrong", _schema(Problem, schemas), "application/problem+json"),
            },
        }
        if operation.value is not None:
            content = _json("", _schema(operation.value, schemas))["content"]
            described["requestBody"] = {"required": True, "content": content}
        paths.setdefault(f"{ROOT}{path}", {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Firstline",
            "version": "1",
            "description": "Tickets, messages, requesters, knowledge, calls.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": ", ".join(tokens.SCOPES)}},
        },
    }


def _parameters(operation: Operation, path: str) -> list[dict[str, Any]]:
    number = {"type": "integer"}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": number} for name in re.findall(r"\{(\w+)\}", path)
    ]
    found += [
        {
            "name": name,
            "in": "query",
            "schema": number if name.endswith("_id") or name == "version" else {"type": "string"},
        }
        for name in operation.filters
    ]
    if operation.is_list and operation.is_paged:
        found.append({"name": "after", "in": "query", "schema": number, "description": "next of the page before"})
        found.append({"name": "limit", "in": "query", "schema": {**number, "maximum": LARGEST_PAGE, "default": PAGE}})
    return found


def _result(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    one = _schema(operation.out, schemas)
    if not operation.is_list:
        return one
    properties: dict[str, Any] = {"items": {"type": "array", "items": one}}
    if operation.is_paged:
        properties["next"] = {
            "type": ["integer", "null"],
            "description": "The cursor of the next page; null at the end",
        }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _schema(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _json(description: str, schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}
