"""Whether a request is its sender's to make: the registration has to be theirs, and cover what is asked (T170).

ETSI TS 119 475 V1.2.1 §5.1.1 (identifiers), §5.2.4 table 9 (what the wallet compares); annex B.2.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from protocol.credential import ClaimPath
from protocol.dcql.query import CredentialMeta, CredentialQuery, CredentialSetQuery, DcqlQuery
from protocol.errors import NotAuthentic
from protocol.trust.anchors import TrustedParty
from protocol.trust.registration import RegisteredCredential, Registration

_AT = "registration certificate"


class Uncovered(NamedTuple):
    """Something that is asked for and was not registered."""

    query_id: str  # of the credential query
    path: ClaimPath | None  # None: the kind of credential as such


def check_party(registration: Registration, party: TrustedParty) -> None:
    """Check that a registration is of the party that an access certificate names, or of one it acts for.

    Raises:
        NotAuthentic: it is of somebody else, or the party has no access certificate.
    """
    # GEN-5.1.1-03: nothing but the identifier links the two
    if not party.chain or speaker_of(registration) not in party.chain[0].identifiers:
        raise NotAuthentic(f"{_AT}: is of another party")


def speaker_of(registration: Registration) -> str:
    """The identifier in the access certificate of whoever speaks with wallets under a registration."""
    intermediary = registration.intermediary
    return registration.identifier if intermediary is None else intermediary.identifier


def uncovered(query: DcqlQuery, registered: Iterable[RegisteredCredential]) -> tuple[Uncovered, ...]:
    """Everything that a query asks for beyond what was registered, whether or not anybody could answer it."""
    known = tuple(registered)
    return tuple([found for credential in query.credentials for found in _uncovered(credential, known)])


def covered_part(query: DcqlQuery, beyond: Iterable[Uncovered]) -> DcqlQuery | None:
    """What is left of a query without what is asked beyond the registration; None if nothing that answers it.

    A credential, a set of claims or an option goes as a whole with anything in it that is not covered: an answer to what is
    left is an answer to the query, as its sender may have asked for it.
    """
    paths: dict[str, set[ClaimPath | None]] = {}
    for found in beyond:
        paths.setdefault(found.query_id, set()).add(found.path)
    credentials = [kept for asked in query.credentials if (kept := _without(asked, paths.get(asked.id, set())))]
    known = {asked.id for asked in credentials}
    if not query.credential_sets:
        # OID4VP 1.0 §6.4.2: without sets, every credential is required
        return replace(query, credentials=tuple(credentials)) if len(known) == len(query.credentials) else None
    sets = []
    for one in query.credential_sets:
        options = tuple(option for option in one.options if known.issuperset(option))
        if options:
            sets.append(CredentialSetQuery(options, one.required))
        elif one.required:
            return None
    return DcqlQuery(tuple(credentials), tuple(sets)) if sets else None


def covers(registered: ClaimPath, asked: ClaimPath) -> bool:
    """Whether a registered path is the asked one, or encloses it; null covers every element of an array."""
    if len(registered) > len(asked):
        return False
    return all(
        mine == theirs or (mine is None and isinstance(theirs, int))
        for mine, theirs in zip(registered, asked, strict=False)
    )


def _without(query: CredentialQuery, paths: set[ClaimPath | None]) -> CredentialQuery | None:
    """A credential query without some claims; None where it cannot be met without them."""
    if not paths:
        return query
    kept = tuple(claim for claim in query.claims if claim.path not in paths)
    ids = {claim.id for claim in kept}
    claim_sets = tuple(one for one in query.claim_sets if ids.issuperset(one))
    if None in paths or not claim_sets:
        return None
    return replace(query, claims=kept, claim_sets=claim_sets)


def _uncovered(query: CredentialQuery, registered: tuple[RegisteredCredential, ...]) -> Iterator[Uncovered]:
    """A query that leaves several types open has to be covered for each of them: the wallet picks which it has."""
    fitting = [
        [one.claims for one in registered if one.format == query.format and _is_for(one.meta, kind)]
        for kind in _kinds(query.meta)
    ]
    if not fitting or not all(fitting):
        yield Uncovered(query.id, None)
        return
    for claim in query.claims:
        if not all(any(covers(path, claim.path) for paths in one for path in paths) for one in fitting):
            yield Uncovered(query.id, claim.path)


def _kinds(meta: CredentialMeta) -> tuple[str, ...]:
    """The types that a query leaves open; none if it does not say, or says it in words that we do not know."""
    if meta.other:
        return ()
    return meta.vct_values if meta.doctype_value is None else (meta.doctype_value,)


def _is_for(meta: CredentialMeta, kind: str) -> bool:
    return kind in meta.vct_values or kind == meta.doctype_value
