"""Tokens whose header says by certificate who signed them, in a role that an anchor vouches for."""

from __future__ import annotations

from contextlib import suppress

from protocol.cose import read_x5chain
from protocol.cwt import read_cwt, verify_cwt
from protocol.errors import NotTrusted
from protocol.fields import Fields
from protocol.jws import Jws, verify_jws
from protocol.trust.anchors import Role, TrustAnchors, TrustedParty
from protocol.x509 import read_x5c


def verify_vouched_for(
    text: str, *, role: Role | tuple[Role, ...], anchors: TrustAnchors, typ: str | tuple[str, ...], now: int, at: str
) -> tuple[Fields, TrustedParty]:
    """Check the chain in `x5c`, the type and the signature, and hand out the claims with who signed them.

    Of several roles the first counts in which the signer is trusted. What the claims say, their times among it, is not
    checked here.

    Raises:
        NotTrusted: nobody we trust in this role vouches for the signer, or no certificate says who it is.
        NotAuthentic: another type, algorithm or signature.
        NotValidNow: a certificate is outside its time.
        Malformed, TooLarge, Unsupported: it cannot be read.
    """
    jws = Jws.from_compact(text, at)
    if not jws.header.x5c:
        raise NotTrusted(f"{at}: says by no certificate who signed it")
    chain = read_x5c(jws.header.x5c, f"{at} header.x5c")
    *others, last = (role,) if isinstance(role, Role) else role
    for other in others:
        with suppress(NotTrusted):
            party = anchors.chain(chain, role=other, now=now, at=at)
            break
    else:
        party = anchors.chain(chain, role=last, now=now, at=at)
    return verify_jws(jws, chain[0].public_key, typ=typ, at=at), party


def verify_cwt_vouched_for(
    data: bytes, *, role: Role, anchors: TrustAnchors, typ: str, now: int, at: str
) -> tuple[Fields, TrustedParty]:
    """The same for a CWT, whose chain is in `x5chain`; see `verify_vouched_for`."""
    message = read_cwt(data, at)
    chain = read_x5chain(message.header, at)
    party = anchors.chain(chain, role=role, now=now, at=at)
    return verify_cwt(message, chain[0].public_key, typ=typ, at=at), party
