"""Trust anchors: which authority, or which identifier, we believe in which role and for which types of credential.

A signature says whose key it was; an anchor says that we trust this key's owner *for this*. The set is an immutable
value: whoever reloads it makes a new one, and verdicts of the old one go with it (T090).

An anchor that is no authority vouches for exactly its own certificate, and never for one that its key signed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from protocol.errors import NotTrusted, NotValidNow
from protocol.trust.localized import Localized, in_language
from protocol.x509 import Certificate
from protocol.x509_chain import verify_chain, verify_listed

MAX_VERDICTS = 1024
PID = "urn:eudi:pid:"  # PID Rulebook §4.1: `urn:eudi:pid:1`, and domestic types that extend it
PID_MDOC = "eu.europa.ec.eudi.pid."  # PID Rulebook §3.1: as doctype


class Role(StrEnum):
    """What somebody is trusted as; an anchor of one role is nothing in another (T089)."""

    ISSUER = "issuer"
    VERIFIER = "verifier"
    WALLET_PROVIDER = "wallet-provider"
    REGISTRATION_PROVIDER = "registration-provider"  # says what verifiers and issuers registered for


class Identity(StrEnum):
    """What an entitlement says of person identification data, for which a list of its own stands (TS 119 602 annex D)."""

    ALLOWED = "allowed"  # like anything else
    ALONE = "alone"  # and nothing else
    NEVER = "never"


class Entitlement(NamedTuple):
    """What an issuer may issue."""

    types: frozenset[str]  # empty: every type
    identity: Identity = Identity.ALLOWED

    def covers(self, credential_type: str) -> bool:
        """Whether a type is covered."""
        if self.identity is not Identity.ALLOWED:
            is_pid = credential_type.startswith((PID, PID_MDOC))
            if is_pid is not (self.identity is Identity.ALONE):
                return False
        return not self.types or credential_type in self.types


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """An authority whose certificates we believe, or the certificate of somebody whom we believe (no authority)."""

    certificate: Certificate
    role: Role
    name: str  # as people know the authority
    types: frozenset[str] = frozenset()  # credential types its issuers are entitled to; empty: every type
    identity: Identity = Identity.ALLOWED
    names: tuple[Localized, ...] = ()  # the name as people read it; `name` stays the one that is compared

    @property
    def entitlement(self) -> Entitlement:
        """What its issuers may issue."""
        return Entitlement(self.types, self.identity)


@dataclass(frozen=True, slots=True)
class TrustedIdentifier:
    """A party that we believe by its name and not by certificates: a DID, or an issuer's https address."""

    identifier: str
    role: Role
    name: str
    types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TrustedParty:
    """Somebody whom an anchor vouches for."""

    name: str  # as people know it
    vouched_by: str  # name of the anchor
    subject: str  # RFC 4514, or the identifier
    dns_names: tuple[str, ...]
    uris: tuple[str, ...]
    authority_key_ids: tuple[bytes, ...]  # of every certificate in the chain, for `aki` (OID4VP 1.0 §6.1.1.1)
    chain: tuple[Certificate, ...]  # as verified, leaf first, without the authority; empty for an identifier
    entitlements: tuple[Entitlement, ...]  # what any of them covers, it may issue
    anchor: Certificate | None = None  # where the chain ends, perhaps with the leaf itself; None for an identifier
    voucher_names: tuple[Localized, ...] = ()  # `vouched_by` as people read it

    def voucher(self, language: str) -> str:
        """Who vouches for this party, for people to read; what is compared is `vouched_by`."""
        return in_language(self.voucher_names, language) or self.vouched_by

    def is_entitled(self, credential_type: str) -> bool:
        """Whether this party may issue credentials of a type."""
        return any(entitlement.covers(credential_type) for entitlement in self.entitlements)

    def check_entitled(self, credential_type: str, at: str) -> None:
        """Check that this party may issue credentials of a type (T186).

        Raises:
            NotTrusted: it may not.
        """
        if not self.is_entitled(credential_type):
            raise NotTrusted(f"{at}: this issuer is not entitled to credentials of this type")


@dataclass(frozen=True, slots=True)
class _Verdict:
    party: TrustedParty
    not_before: int
    not_after: int


class TrustAnchors:
    """The anchors of one installation. Immutable; it remembers, bounded, which chains it found good."""

    def __init__(self, anchors: Iterable[TrustAnchor] = (), identifiers: Iterable[TrustedIdentifier] = ()) -> None:
        self.anchors = tuple(anchors)
        self.identifiers = tuple(identifiers)
        self._verdicts: OrderedDict[tuple[Role, tuple[Certificate, ...]], _Verdict] = OrderedDict()

    def chain(self, chain: tuple[Certificate, ...], *, role: Role, now: int, at: str) -> TrustedParty:
        """The party that a chain belongs to, vouched for by an anchor of this role.

        What is remembered is the whole chain's bytes, and for no longer than every certificate in it is valid.

        Raises:
            NotTrusted: no anchor of this role vouches for it.
            NotValidNow: a certificate is outside its time.
        """
        key = (role, chain)
        known = self._verdicts.get(key)
        if known is not None and known.not_before <= now < known.not_after:
            return known.party
        verdict = self._judge(chain, role, now, at)
        self._verdicts[key] = verdict
        if len(self._verdicts) > MAX_VERDICTS:
            self._verdicts.popitem(last=False)
        return verdict.party

    def identified(self, identifier: str, *, role: Role) -> TrustedParty:
        """The party that a DID or an issuer's address stands for; that it speaks is for its keys to prove.

        Raises:
            NotTrusted: it is not trusted in this role.
        """
        for trusted in self.identifiers:
            if trusted.role is role and trusted.identifier == identifier:
                return TrustedParty(
                    trusted.name, trusted.name, identifier, (), (), (), (), (Entitlement(trusted.types),)
                )
        raise NotTrusted("this identifier is not trusted here")

    def _judge(self, chain: tuple[Certificate, ...], role: Role, now: int, at: str) -> _Verdict:
        anchors = [anchor for anchor in self.anchors if anchor.role is role]
        listed = [a for a in anchors if chain and a.certificate == chain[0] and not chain[0].is_authority]
        others = [anchor for anchor in anchors if anchor not in listed]
        if any(anchor.certificate in chain for anchor in others):
            raise NotTrusted(f"{at}: must not hold the trust anchor itself")
        try:
            end, ends = _find_authority(chain, others, now, at)
        except (NotTrusted, NotValidNow):
            if not listed:
                raise
            # It is trusted by itself; whoever issued it need not be known
            verify_listed(chain, now=now, at=at)
            chain, end, ends = chain[:1], chain[0], []
        leaf, ends = chain[0], [*ends, *listed]
        path = chain if end == leaf else (*chain, end)
        # One certificate may stand in several anchors; a party may then do what any of them allows
        party = TrustedParty(
            name=leaf.common_name,
            vouched_by=ends[0].name,
            subject=leaf.subject,
            dns_names=leaf.dns_names,
            uris=leaf.uris,
            authority_key_ids=_key_ids(path),
            chain=chain,
            entitlements=tuple([anchor.entitlement for anchor in ends]),
            anchor=end,
            voucher_names=ends[0].names,
        )
        return _Verdict(party, max(c.not_before for c in path), min(c.not_after for c in path))


def _find_authority(
    chain: tuple[Certificate, ...], anchors: list[TrustAnchor], now: int, at: str
) -> tuple[Certificate, list[TrustAnchor]]:
    """The authority that a chain leads to, with the anchors that name it."""
    # Of thousands only those are looked at that have the issuer's name
    issuer = chain[-1].issuer if chain else b""
    named = [anchor for anchor in anchors if issuer in anchor.certificate.der]
    end = verify_chain(chain, [anchor.certificate for anchor in named], now=now, at=at)
    if not end.not_before <= now < end.not_after:
        raise NotValidNow(f"{at}: the trusted authority is outside its time")
    return end, [anchor for anchor in named if anchor.certificate == end]


def _key_ids(path: tuple[Certificate, ...]) -> tuple[bytes, ...]:
    """The key identifiers that `aki` may name: of any issuing certificate in the chain (OID4VP 1.0 §6.1.1.1)."""
    found = [c.authority_key_id for c in path] + [c.key_id for c in path[1:]]
    return tuple(dict.fromkeys(key_id for key_id in found if key_id is not None))
