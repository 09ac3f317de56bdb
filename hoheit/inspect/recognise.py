"""Which explanation fits: told by the outer shape alone."""

from __future__ import annotations

import re

from hoheit.inspect.certificates import explain_pem
from hoheit.inspect.messages import explain_json, explain_link
from hoheit.inspect.report import Report
from hoheit.inspect.sdjwt import explain_sd_jwt
from hoheit.inspect.surroundings import Surroundings
from hoheit.inspect.tokens import explain_jwe, explain_jws
from protocol.did import resolve_did
from protocol.errors import Malformed
from protocol.exchange import run

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_COMPACT = re.compile(r"[A-Za-z0-9_.~-]+")
JWE_DOTS, JWS_DOTS = 4, 2


def explain(text: str, around: Surroundings) -> Report:
    """Say what a text is and what can be found out about it offline.

    Raises:
        ProtocolError: it is nothing that is known here, or cannot even be taken apart.
    """
    if text.startswith("-----BEGIN "):
        return explain_pem(text, around)
    if text.startswith("{"):
        return explain_json(text, around)
    if text.startswith("did:"):
        return _explain_did(text)
    if _SCHEME.match(text):
        return explain_link(text, around)
    if _COMPACT.fullmatch(text):
        if "~" in text:
            return explain_sd_jwt(text, around)
        if text.count(".") == JWS_DOTS:
            return explain_jws(text, around)
        if text.count(".") == JWE_DOTS:
            return explain_jwe(text, around)
    raise Malformed("input", "is no token, link, certificate, DID or message that is known here")


def _explain_did(text: str) -> Report:
    report = Report("Decentralized identifier", "W3C DID 1.0")
    report.content["identifier"] = text
    if not text.startswith(("did:key:", "did:jwk:")):
        report.note(None, "which keys it has: that would have to be fetched")
        return report
    report.check("its key can be read", lambda: run(resolve_did(text.partition("#")[0]), _stay_offline))
    return report


def _stay_offline(effect: object) -> object:
    raise Malformed("did", f"would need the network ({type(effect).__name__})")
