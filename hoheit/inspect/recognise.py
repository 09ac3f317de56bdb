"""Which explanation fits: told by the outer shape alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from hoheit.inspect.cbor import UNKNOWN, explain_cbor_text, explain_frame
from hoheit.inspect.certificates import explain_pem
from hoheit.inspect.meeting import explain_engagement_link
from hoheit.inspect.messages import explain_json, explain_link
from hoheit.inspect.report import Report
from hoheit.inspect.sdjwt import explain_sd_jwt
from hoheit.inspect.surroundings import Surroundings
from hoheit.inspect.tokens import explain_jwe, explain_jws
from protocol.did import resolve_did
from protocol.errors import Malformed
from protocol.exchange import run
from protocol.mdoc.engagement import is_engagement
from protocol.mdoc.frames import is_frame

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_COMPACT = re.compile(r"[A-Za-z0-9_.~-]+")
JWE_DOTS, JWS_DOTS = 4, 2

Explanation = Callable[[str, Surroundings], Report]


def explain(text: str, around: Surroundings) -> Report:
    """Say what a text is and what can be found out about it offline.

    Raises:
        ProtocolError: it is nothing that is known here, or cannot even be taken apart.
    """
    explanation = next((found for fits, found in BEGINNINGS if fits(text)), None)
    if explanation is not None:
        return explanation(text, around)
    if not _COMPACT.fullmatch(text):
        raise Malformed("input", UNKNOWN)
    if "~" in text:
        return explain_sd_jwt(text, around)
    explanation = _BY_DOTS.get(text.count("."))
    if explanation is None:
        raise Malformed("input", UNKNOWN)
    return explanation(text, around)


def _explain_did(text: str, around: Surroundings) -> Report:
    del around  # nothing in it is a time
    report = Report("Decentralized identifier", "W3C DID 1.0")
    report.content["identifier"] = text
    if not text.startswith(("did:key:", "did:jwk:")):
        report.note(None, "which keys it has: that would have to be fetched")
        return report
    report.check("its key can be read", lambda: run(resolve_did(text.partition("#")[0]), _stay_offline))
    return report


def _stay_offline(effect: object) -> object:
    raise Malformed("did", f"would need the network ({type(effect).__name__})")


# The first that fits says what it is
BEGINNINGS: tuple[tuple[Callable[[str], object], Explanation], ...] = (
    (lambda text: text.startswith("-----BEGIN "), explain_pem),
    (lambda text: text.startswith("{"), explain_json),
    (lambda text: text.startswith("did:"), _explain_did),
    (is_engagement, explain_engagement_link),
    (is_frame, explain_frame),
    (_SCHEME.match, explain_link),
)
_BY_DOTS: dict[int, Explanation] = {JWS_DOTS: explain_jws, JWE_DOTS: explain_jwe, 0: explain_cbor_text}
