"""Whether a registration certificate still holds: a status list of whoever registered (ETSI TS 119 475 GEN-6.2.6.1-04)."""

from __future__ import annotations

from protocol.errors import NotAuthentic
from protocol.exchange import Exchange
from protocol.jws import Jws
from protocol.keys import PublicKey
from protocol.status.check import CheckedStatus, KnownList, check_status
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.registration import VerifiedRegistration
from protocol.x509 import read_x5c

_AT = "status list of registrations"


def check_registration_status(
    registration: VerifiedRegistration, known: KnownList | None, *, anchors: TrustAnchors, now: int, max_age: int
) -> Exchange[CheckedStatus]:
    """Look up a registration, from `known` while that is fresh; see `check_status`, which never raises."""
    return (
        yield from check_status(
            registration.says.status,
            known,
            find_key=lambda jws: find_registration_list_key(jws, registration, anchors, now),
            now=now,
            max_age=max_age,
        )
    )


def find_registration_list_key(
    jws: Jws, registration: VerifiedRegistration, anchors: TrustAnchors, now: int
) -> PublicKey:
    """The key that may sign the list: the one that signed the certificate, or one of the same provider by certificate.

    Raises:
        NotAuthentic: somebody else's.
        NotTrusted, NotValidNow: a certificate that leads to no anchor, or is outside its time.
    """
    provider = registration.provider
    own_key = provider.chain[0].public_key
    if not jws.header.x5c:
        return own_key
    chain = read_x5c(jws.header.x5c, f"{_AT} header.x5c")
    party = anchors.chain(chain, role=Role.REGISTRATION_PROVIDER, now=now, at=_AT)
    same = (party.subject, party.vouched_by) == (provider.subject, provider.vouched_by)
    if chain[0].public_key != own_key and not same:
        raise NotAuthentic(f"{_AT}: is signed by somebody else than who registered")
    return chain[0].public_key
