"""Headers of every answer of the board."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from deploy.board.headers import SecurityHeaders, common, inline_scripts, policy
from deploy.board.index import SCRIPT
from tests.visitors import Visitor


@pytest.fixture
def app() -> Starlette:
    routes = [
        Route("/", lambda request: PlainTextResponse("x")),
        Route(
            "/own", lambda request: PlainTextResponse("x", headers={"Content-Security-Policy": "default-src 'none'"})
        ),
    ]
    return Starlette(routes=routes, middleware=[Middleware(SecurityHeaders)])


def test_every_answer_has_them(app: Starlette) -> None:
    for path in ("/", "/nothing"):
        headers = Visitor(app).get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_an_answers_own_stay(app: Starlette) -> None:
    assert Visitor(app).get("/own").headers["content-security-policy"] == "default-src 'none'"


def test_tls_is_kept_to_where_it_is_used(app: Starlette) -> None:
    assert "max-age=" in Visitor(app).get("/").headers["strict-transport-security"]
    assert "strict-transport-security" not in Visitor(app, "http://127.0.0.1").get("/").headers


def test_nothing_is_loaded_from_elsewhere_or_evaluated() -> None:
    rules = dict(rule.split(" ", 1) for rule in policy(inline_scripts()).split("; "))
    assert rules["default-src"] == "'none'"
    assert "'unsafe-eval'" not in rules["script-src"]
    assert "'unsafe-inline'" not in rules["script-src"]
    assert rules["connect-src"] == rules["form-action"] == "'self'"
    assert not any("http" in value or "*" in value for value in rules.values())


def test_scripts_in_the_document_are_known_by_their_digest() -> None:
    assert len(inline_scripts()) == 3, "Streamlit's own and ours: where the server is, and the first screen's"
    assert all(one in common()["Content-Security-Policy"] for one in inline_scripts())
    assert "__streamlit" in SCRIPT
