"""A tiny identity provider (OIDC, code flow, RS256) that lets one person in unasked: ``provider.py PORT SUBJECT``."""

from __future__ import annotations

import secrets
import sys
import time
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route


def application(issuer: str, subject: str) -> Starlette:
    """The provider."""
    key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
    codes: dict[str, tuple[str | None, str]] = {}

    async def metadata(request: Request) -> JSONResponse:
        return JSONResponse({
            "issuer": issuer, "authorization_endpoint": f"{issuer}/authorize", "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks", "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"], "code_challenge_methods_supported": ["S256"],
        })  # fmt: skip

    async def authorize(request: Request) -> RedirectResponse:
        asked = request.query_params
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        codes[code] = asked.get("nonce"), asked["client_id"]
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    async def token(request: Request) -> JSONResponse:
        form = parse_qs((await request.body()).decode())
        nonce, client = codes.pop(form["code"][0])
        now = int(time.time())
        claims = {"iss": issuer, "sub": subject, "aud": client, "iat": now, "exp": now + 600, "nonce": nonce}
        signed = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": signed})

    async def jwks(request: Request) -> JSONResponse:
        return JSONResponse({"keys": [key.as_dict(private=False)]})

    return Starlette(routes=[
        Route("/.well-known/openid-configuration", metadata), Route("/authorize", authorize),
        Route("/token", token, methods=["POST"]), Route("/jwks", jwks),
    ])  # fmt: skip


if __name__ == "__main__":
    port = int(sys.argv[1])
    uvicorn.run(application(f"http://127.0.0.1:{port}", sys.argv[2]), host="127.0.0.1", port=port, log_level="warning")
