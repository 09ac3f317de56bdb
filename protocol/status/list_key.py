"""Who may sign a status list: who signed the token that refers to it, and nobody else (Token Status List §11.3)."""

from __future__ import annotations

from protocol.credential import VerifiedCredential
from protocol.errors import NotAuthentic, NotTrusted
from protocol.jws import Jws
from protocol.keys import PublicKey
from protocol.trust.anchors import Role, TrustAnchors
from protocol.x509 import read_x5c

_NO_CERTIFICATE = "status list: says by no certificate who signed it"


def find_list_key(jws: Jws, credential: VerifiedCredential, anchors: TrustAnchors, now: int) -> PublicKey:
    """The key that may sign the status list of a credential: its issuer's own, or a certificate of the same issuer (T069).

    Raises:
        NotAuthentic: somebody else's.
        NotTrusted, NotValidNow: a certificate that leads to no anchor, or is outside its time.
    """
    if not jws.header.x5c:
        return credential.issuer_key
    chain = read_x5c(jws.header.x5c, "status list header.x5c")
    party = anchors.chain(chain, role=Role.ISSUER, now=now, at="status list")
    if chain[0].public_key != credential.issuer_key and (party.subject, party.vouched_by) != (
        credential.issuer.subject,
        credential.issuer.vouched_by,
    ):
        raise NotAuthentic("status list: is signed by somebody else than the credential's issuer")
    return chain[0].public_key


def find_certified_list_key(jws: Jws, credential: VerifiedCredential, anchors: TrustAnchors, now: int) -> PublicKey:
    """The same where a list has to say by certificate who signed it (HAIP 1.0 §6.1).

    Raises:
        NotTrusted: no certificate, or one that leads to no anchor.
        NotAuthentic, NotValidNow: see `find_list_key`.
    """
    if not jws.header.x5c:
        raise NotTrusted(_NO_CERTIFICATE)
    return find_list_key(jws, credential, anchors, now)


def find_provider_key(
    jws: Jws, anchors: TrustAnchors, *, role: Role, subject: str, vouched_by: str, now: int
) -> PublicKey:
    """The key that may sign the status list of an attestation: a certificate of the provider that signed the attestation.

    Raises:
        NotAuthentic: somebody else's (T069).
        NotTrusted, NotValidNow: no certificate, one that leads to no anchor of this role, or one that is outside its time.
    """
    if not jws.header.x5c:
        raise NotTrusted(_NO_CERTIFICATE)
    chain = read_x5c(jws.header.x5c, "status list header.x5c")
    party = anchors.chain(chain, role=role, now=now, at="status list")
    if (party.subject, party.vouched_by) != (subject, vouched_by):
        raise NotAuthentic("status list: is signed by somebody else than the attestation")
    return chain[0].public_key
