"""Proofs for keys that a wallet provider attests, in both ways there are (OpenID4VCI 1.0 App. F.1 and F.3, TS3 1.5 §2.2.2).

A proof of type `jwt` is signed with the first attested key and carries the attestation in its header; one of type `attestation`
is the attestation itself. Either stands for all the keys in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.encoding import JsonObject, encode_json
from protocol.errors import InvalidProof, Malformed, NotAuthentic, raised_as
from protocol.jws import Jws, sign_jws
from protocol.keys import PublicKey, Signer
from protocol.oid4vci.key_attestation import KeyRequirements, VerifiedKeyAttestation, verify_key_attestation
from protocol.oid4vci.proof import ALGORITHMS, TYP, check_signed_by
from protocol.trust.anchors import TrustAnchors

_AT = "key proof"
_FIRST = "0"  # how `kid` names the first of the attested keys, as in the example of App. F.1


@dataclass(frozen=True, slots=True)
class AttestedKeys:
    """Keys that a credential each may be bound to. That the nonce is ours and fresh is for the caller to decide."""

    attestation: VerifiedKeyAttestation
    nonce: str | None
    issuer: str | None  # client_id of the wallet, as it says

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The keys, in the attestation's order."""
        return self.attestation.says.keys


@dataclass(frozen=True, slots=True)
class AttestationRules:
    """Which attestations an issuer takes: whom it believes as a wallet provider, and how well keys have to be kept."""

    anchors: TrustAnchors
    required: KeyRequirements
    legacy: bool = False  # takes the type name of older drafts too


def sign_attested_proof(
    signer: Signer, attestation: str, *, audience: str, nonce: str | None, issued_at: int, client_id: str | None = None
) -> str:
    """A proof of type `jwt` by the first of the attested keys."""
    claims: JsonObject = {"aud": audience, "iat": issued_at}
    if nonce is not None:
        claims["nonce"] = nonce
    if client_id is not None:
        claims["iss"] = client_id
    header: JsonObject = {"typ": TYP, "jwk": signer.public_key.to_jwk(), "key_attestation": attestation}
    return sign_jws(header, encode_json(claims), signer)


def verify_attested_proof(text: str, rules: AttestationRules, *, audience: str, now: int) -> AttestedKeys:
    """Check a proof of type `jwt` and the attestation in its header; `audience` is the credential issuer identifier.

    Raises:
        InvalidProof: any check failed, or there is no attestation (T122, T138).
    """
    with raised_as(InvalidProof):
        jws = Jws.from_compact(text, _AT)
        if jws.header.alg not in ALGORITHMS:
            raise NotAuthentic(f"{_AT}: this algorithm is not offered here")
        found = jws.header.members.get("key_attestation")
        if not isinstance(found, str):
            raise Malformed(f"{_AT} header.key_attestation", "is missing")
        attestation = _verify(found, rules, now)
        if attestation.says.expires_at is None:
            raise Malformed(f"{_AT} header.key_attestation.exp", "is missing")
        key = attestation.says.keys[0]
        _check_names(jws, key)
        proof = check_signed_by(jws, key, audience=audience, now=now)
        # App. F.1: the attestation's nonce, if it has one, is one of the issuer's, and there is but one in a request
        if attestation.says.nonce not in (None, proof.nonce):
            raise NotAuthentic(f"{_AT}: its attestation was made for another nonce")
        return AttestedKeys(attestation, proof.nonce, proof.issuer)


def verify_attestation_proof(text: str, rules: AttestationRules, *, now: int) -> AttestedKeys:
    """Check a proof of type `attestation`; it says neither for whom nor by which client it was made, so its nonce has to.

    Raises:
        InvalidProof: any check failed (T138).
    """
    with raised_as(InvalidProof):
        attestation = _verify(text, rules, now)
        return AttestedKeys(attestation, attestation.says.nonce, None)


def _verify(text: str, rules: AttestationRules, now: int) -> VerifiedKeyAttestation:
    attestation = verify_key_attestation(text, anchors=rules.anchors, now=now, legacy=rules.legacy)
    rules.required.check(attestation.says)
    return attestation


def _check_names(jws: Jws, key: PublicKey) -> None:
    """Check that the header names the first attested key, in exactly one way (App. F.1, TS3 1.5 §2.2.2.2)."""
    members = jws.header.members
    sources = [name for name in ("jwk", "kid", "x5c", "trust_chain") if name in members]
    if sources == ["jwk"] and PublicKey.from_jwk(members["jwk"], f"{_AT} header.jwk") == key:
        return
    if sources == ["kid"] and jws.header.kid == _FIRST:
        return
    raise NotAuthentic(f"{_AT}: is not made with the first of the attested keys")
