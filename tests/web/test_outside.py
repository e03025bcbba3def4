"""What comes from outside is made safe in one place: numbers, texts, file names, addresses."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from web.outside import LARGEST_NUMBER, CleanAddresses, file_name, number
from web.responses import file_headers, json_object


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("42", 42),
        (42, 42),
        (str(LARGEST_NUMBER), LARGEST_NUMBER),
        *[(value, None) for value in (str(LARGEST_NUMBER + 1), "9" * 5000, 10**30, -1, "-1", "+1", " 1", "", "x")],
        *[(value, None) for value in ("²", "٣", "1.0", 1.0, True, None, [1], "1_0")],
    ],
)
def test_a_number_from_outside_is_one_a_row_can_have(value: object, expected: int | None) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("bild.png", "bild.png"),
        ("a\r\nSet-Cookie: x=1", "a Set-Cookie: x=1"),
        ("a\0b.txt", "ab.txt"),
        ("C:\\Bilder\\bild.png", "bild.png"),
        ("../../etc/passwd", "passwd"),
        ("rechnung\u202efdp.exe", "rechnung fdp.exe"),
        ("halb\ud83d.txt", "halb?.txt"),
        ("\r\n", "file"),
        ("", "file"),
    ],
)
def test_a_file_s_name_is_one_line_without_folders(given: str, expected: str) -> None:
    assert file_name(given) == expected
    assert "\n" not in file_headers(given.encode("utf-8", "replace").decode(), "inline")["content-disposition"]


async def test_addresses_and_json_reach_no_endpoint_with_what_a_database_refuses() -> None:
    async def echo(request: Request) -> JSONResponse:
        body: Any = await json_object(request)
        return JSONResponse({**body, "q": request.query_params.get("q"), "id": request.path_params["id"]})

    app = Starlette(routes=[Route("/{id:int}", echo, methods=["POST"])], middleware=[Middleware(CleanAddresses)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as client:
        hostile = json.dumps({"text": "a\0b\ud800", "list": [{"k\0": "\0"}], "n": 10**30})
        answer = await client.post("/7%00?q=a%00b", content=hostile)
        assert answer.json() == {"text": "ab?", "list": [{"k": ""}], "n": 10**30, "q": "ab", "id": 7}
        for digits in ("9" * 30, "9" * 5000):
            assert (await client.post(f"/{digits}", json={})).json()["id"] == LARGEST_NUMBER
