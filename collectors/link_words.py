"""Why there is no connection to a broker, in words that say where to look; pure."""

from __future__ import annotations

import ssl

#: What OpenSSL says of a chain that does not end at an authority which was given (X509_V_ERR_...).
_OTHER_AUTHORITY = {2, 18, 19, 20, 21}

#: The certificate is not valid yet, or no more.
_NOT_YET, _EXPIRED = 9, 10

#: Codes of the alerts of TLS that begin so are the broker's word about our certificate.
_ALERTS = ("TLSV1_ALERT_", "TLSV13_ALERT_", "SSLV3_ALERT_")


def words_of(error: OSError, *, tls: bool) -> str:
    """What went wrong before anything of MQTT was said.

    Parameters
    ----------
    error : OSError
        `ssl.SSLError` is one.
    tls : bool
        Whether the connection was to be encrypted.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = ""
        if error.verify_code in _OTHER_AUTHORITY:
            hint = "; the authority that was given (ca) did not issue it"
        elif error.verify_code in (_NOT_YET, _EXPIRED):
            hint = "; is the clock here right?"
        return f"the broker's certificate is not to be trusted: {error.verify_message.rstrip('.')}{hint}"
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "").upper()
        told = reason.replace("_", " ").lower() or str(error)
        if reason.startswith(_ALERTS):
            return f"the broker refuses this side's certificate or TLS: {told}"
        return f"no TLS: {told}; a broker without encryption is mqtt://"
    told = error.strerror or str(error)
    if tls and isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError):
        told += "; a broker without encryption, which is mqtt://, does so"
    return told


def hint_of_silence(*, tls: bool) -> str:
    """What a broker most likely means that closes a connection before it has answered."""
    if tls:
        return (
            "before it answered: brokers that ask for a client certificate do so where there is none, "
            "or where it has expired, was revoked or is of another authority"
        )
    return "before it answered: a broker that speaks TLS only does so, which is mqtts://"
