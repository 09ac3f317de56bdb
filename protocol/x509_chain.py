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
from protocol.x509 import MAX_CERTIFICATES, Certificate, extension

_SELF_SIGNED = "a self-signed certificate vouches for nobody"


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
    if chain[0].self_issued:
        raise NotTrusted(f"{at}: {_SELF_SIGNED}")
    parsed = [certificate.parsed for certificate in chain]
    verifier = (
        PolicyBuilder()
        .store(_store(tuple(anchors)))
        .time(datetime.datetime.fromtimestamp(now, datetime.UTC).replace(tzinfo=None))
        .max_chain_depth(MAX_CERTIFICATES)
        .extension_policies(ca_policy=_CA_POLICY, ee_policy=_LEAF_POLICY)
        .build_client_verifier()
    )
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
    leaf = chain[0]
    if leaf.is_authority:
        raise NotTrusted(f"{at}: an authority signs no tokens")
    if leaf.self_issued:
        raise NotTrusted(f"{at}: {_SELF_SIGNED}")
    usage = extension(leaf.parsed, x509.KeyUsage)
    if not _may_sign_data(usage):
        raise NotTrusted(f"{at}: its key may not sign data")
    _check_times(chain, now, at)
    if len(chain) > 1:
        verify_chain(chain[:-1], chain[-1:], now=now, at=at)


def _check_times(chain: Sequence[Certificate], now: int, at: str) -> None:
    for certificate in chain:
        if not certificate.not_before <= now < certificate.not_after:
            raise NotValidNow(f"{at}: a certificate is outside its time")


def _may_sign_data(usage: x509.KeyUsage | None) -> bool:
    return usage is None or usage.digital_signature or usage.content_commitment


def _signs_certificates(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("this key may not sign certificates")


def _is_authority(_: Policy, __: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("not an authority")


def _signs_data(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if not _may_sign_data(usage):
        raise ValueError("this key may not sign data")


def _is_no_authority(_: Policy, __: x509.Certificate, constraints: x509.BasicConstraints | None) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("an authority signs no tokens")


_CA_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
)
_LEAF_POLICY = (
    ExtensionPolicy.permit_all()
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_data)
)
