"""Whether a request is its sender's to make: the registration has to be theirs, and cover what is asked (T170).

ETSI TS 119 475 V1.2.1 §5.1.1 (identifiers), §5.2.4 table 9 (what the wallet compares); annex B.2.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from protocol.credential import ClaimPath
from protocol.dcql.query import CredentialMeta, CredentialQuery, DcqlQuery
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
    intermediary = registration.intermediary
    expected = registration.identifier if intermediary is None else intermediary.identifier
    # GEN-5.1.1-03: nothing but the identifier links the two
    if not party.chain or expected not in party.chain[0].identifiers:
        raise NotAuthentic(f"{_AT}: is of another party")


def uncovered(query: DcqlQuery, registered: Iterable[RegisteredCredential]) -> tuple[Uncovered, ...]:
    """Everything that a query asks for beyond what was registered, whether or not anybody could answer it."""
    known = tuple(registered)
    return tuple([found for credential in query.credentials for found in _uncovered(credential, known)])


def covers(registered: ClaimPath, asked: ClaimPath) -> bool:
    """Whether a registered path is the asked one, or encloses it; null covers every element of an array."""
    if len(registered) > len(asked):
        return False
    return all(
        mine == theirs or (mine is None and isinstance(theirs, int))
        for mine, theirs in zip(registered, asked, strict=False)
    )


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
