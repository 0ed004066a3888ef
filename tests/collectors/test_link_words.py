"""What is said of a connection that could not be made; each error as it comes from Python or OpenSSL."""

from __future__ import annotations

import socket
import ssl

import pytest

from collectors.link_words import hint_of_silence, words_of


def verification(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:1006)")
    error.verify_code, error.verify_message = code, message
    return error


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] (_ssl.c:1006)")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "tls", "said"),
    [
        (verification(19, "self-signed certificate in certificate chain"), True, "(ca) did not issue it"),
        (verification(20, "unable to get local issuer certificate"), True, "(ca) did not issue it"),
        (
            verification(9, "certificate is not yet valid"),
            True,
            "certificate is not yet valid; is the clock here right?",
        ),
        (verification(10, "certificate has expired"), True, "certificate has expired; is the clock here right?"),
        (verification(64, "IP address mismatch, certificate is not valid for '10.0.0.1'."), True, "for '10.0.0.1'"),
        (
            tls_error("WRONG_VERSION_NUMBER"),
            True,
            "no TLS: wrong version number; a broker without encryption is mqtt://",
        ),
        (tls_error("TLSV1_ALERT_UNKNOWN_CA"), True, "refuses this side's certificate or TLS: tlsv1 alert unknown ca"),
        (ConnectionResetError(104, "Connection reset by peer"), True, "which is mqtt://"),
        (TimeoutError("timed out"), True, "timed out"),
    ],
)
def test_where_to_look_is_said(error: OSError, tls: bool, said: str) -> None:
    words = words_of(error, tls=tls)
    assert said in words
    assert "_ssl.c" not in words


@pytest.mark.parametrize(
    ("error", "tls", "words"),
    [
        (ConnectionResetError(104, "Connection reset by peer"), False, "Connection reset by peer"),
        (ConnectionRefusedError(111, "Connection refused"), True, "Connection refused"),
        (socket.gaierror(-2, "Name or service not known"), False, "Name or service not known"),
        (
            verification(62, "Hostname mismatch."),
            True,
            "the broker's certificate is not to be trusted: Hostname mismatch",
        ),
    ],
)
def test_nothing_is_said_that_is_not_known(error: OSError, tls: bool, words: str) -> None:
    assert words_of(error, tls=tls) == words


def test_silence_means_the_other_kind_of_broker_or_a_certificate() -> None:
    assert "client certificate" in hint_of_silence(tls=True)
    assert "mqtts://" in hint_of_silence(tls=False)
