"""Whether a chain of certificates leads to a trust anchor at an instant (RFC 5280 §6).

Paths are checked by `cryptography`; here stands what our profiles add: the order as sent, no anchor inside, no
self-signed leaf, no authority as signer of tokens (HAIP 1.0 §6.1.1). Whether it is trusted *for this* is `trust.anchors`.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from protocol.errors import NotTrusted, NotValidNow
from protocol.x509 import MAX_CERTIFICATES, Certificate


def verify_chain(chain: Sequence[Certificate], anchors: Sequence[Certificate], *, now: int, at: str) -> Certificate:
    """The anchor that a chain leads to, exactly as it was sent: leaf first, each issued by the next (RFC 5280 §6).

    Revocation of certificates is not checked here.

    Raises:
        NotTrusted: it leads to none of these anchors, holds an anchor or a self-signed leaf, has another order or more
            certificates than needed, or a certificate was not made for what it is used for.
        NotValidNow: a certificate is outside its time.
    """
    if not chain or not anchors:
        raise NotTrusted(f"{at}: leads to no trusted authority")
    if any(certificate in anchors for certificate in chain):
        raise NotTrusted(f"{at}: must not hold the trust anchor itself")
    _check_times(chain, now, at)
    _check_leaf(chain[0], at)
    parsed = [certificate.parsed for certificate in chain]
    instant = datetime.datetime.fromtimestamp(now, datetime.UTC).replace(tzinfo=None)
    verifier = _POLICY.store(_store(tuple(anchors))).time(instant).build_client_verifier()
    try:
        verified = verifier.verify(parsed[0], parsed[1:]).chain
    except (VerificationError, ValueError) as error:
        raise NotTrusted(f"{at}: leads to no trusted authority") from error
    # T084: what was sent is the path, in this order and nothing beside it
    if verified[:-1] != parsed:
        raise NotTrusted(f"{at}: has certificates in another order, or that do not belong to it")
    return next(anchor for anchor in anchors if anchor.parsed == verified[-1])  # the store holds no others


@lru_cache(maxsize=64)
def _store(anchors: tuple[Certificate, ...]) -> Store:
    """Cached: it depends on nothing but bytes, and keeps the keys that were read; many chains lead to the same few."""
    return Store([anchor.parsed for anchor in anchors])


def verify_listed(chain: Sequence[Certificate], *, now: int, at: str) -> None:
    """Check a chain whose leaf is itself what we trust: by its bytes, and not by anybody's signature.

    Lists of trusted entities may name the very certificate that signs tokens (ETSI TS 119 602 annexes D and H). What is sent
    beside it must still be the path above it, and makes nobody trusted.

    Raises:
        NotTrusted: it is an authority's or self-signed, was not made to sign data, or what is sent with it does not belong
            to it.
        NotValidNow: a certificate is outside its time.
    """
    _check_leaf(chain[0], at)
    _check_times(chain, now, at)
    if len(chain) > 1:
        verify_chain(chain[:-1], chain[-1:], now=now, at=at)


def _check_times(chain: Sequence[Certificate], now: int, at: str) -> None:
    for certificate in chain:
        if not certificate.not_before <= now < certificate.not_after:
            raise NotValidNow(f"{at}: a certificate is outside its time")


def _check_leaf(leaf: Certificate, at: str) -> None:
    if leaf.self_issued:
        raise NotTrusted(f"{at}: a self-signed certificate vouches for nobody")
    if leaf.is_authority:
        raise NotTrusted(f"{at}: an authority signs no tokens")
    if not leaf.signs_data:
        raise NotTrusted(f"{at}: its key may not sign data")


def _signs_certificates(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("this key may not sign certificates")


_POLICY = (
    PolicyBuilder()
    .max_chain_depth(MAX_CERTIFICATES)
    .extension_policies(
        ca_policy=ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)  # and the library asks whether it is one
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates),
        ee_policy=ExtensionPolicy.permit_all(),  # what a leaf may be is for `_check_leaf`
    )
)
