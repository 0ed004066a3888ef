"""The file that says at which identity provider people may sign in (OIDC)."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import stat
import tomllib
from pathlib import Path

from sensors.errors import ConfigError, Problem, UsageError

#: Keys of the file, and what each has to be.
KEYS = {
    "redirect_uri": "address of the board as people reach it, ending in /oauth2callback",
    "client_id": "the board's id at the provider",
    "client_secret": "its secret there",
    "server_metadata_url": "https://PROVIDER/.well-known/openid-configuration",
}

CALLBACK = "/oauth2callback"


def read_oidc(path: Path, key: Path) -> dict[str, str]:
    """Settings of the provider, as Streamlit's ``st.login`` takes them.

    Parameters
    ----------
    path : Path
        TOML file with the keys of `KEYS`.
    key : Path
        Of the board's sessions; what the provider's answer is signed with for the browser is made of it.

    Raises
    ------
    UsageError
        If it cannot be read, others may read it, or Authlib is not installed.
    ConfigError
        With every mistake in it; the secret is not told.
    """
    if importlib.util.find_spec("authlib") is None:
        raise UsageError("signing in at an identity provider needs Authlib: pip install 'riverchief[oidc]'")
    try:
        mode, raw = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError(f"others may read {path}, which has a secret in it: chmod 600 {path}")
    try:
        held = tomllib.loads(raw.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(path.name, "file", type(error).__name__, "TOML in UTF-8")]) from None
    problems = [Problem(path.name, name, "an unknown key", ", ".join(KEYS)) for name in held if name not in KEYS]
    for name, accepted in KEYS.items():
        value = held.get(name)
        if not isinstance(value, str) or not value:
            problems.append(Problem(path.name, name, "nothing" if value is None else "no text", accepted))
        elif name == "redirect_uri" and not value.endswith(CALLBACK):
            problems.append(Problem(path.name, name, repr(value), accepted))
        elif name.endswith(("uri", "url")) and not _fine(value):
            problems.append(Problem(path.name, name, repr(value), f"https://... ({accepted})"))
    if problems:
        raise ConfigError(problems)
    secret = hmac.new(key.read_bytes(), b"riverchief oidc cookie v1", hashlib.sha256).hexdigest()
    return {**{name: held[name] for name in KEYS}, "cookie_secret": secret}


def _fine(address: str) -> bool:
    """Over TLS, or to this machine."""
    return address.startswith(("https://", "http://127.0.0.1:", "http://localhost:"))
