"""What a service needs, against what is held: what is at hand, and what would have to be fetched first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from protocol.dcql.match import Candidate, match_query
from protocol.dcql.query import ClaimsQuery, CredentialQuery, DcqlQuery
from protocol.errors import InvalidRequest
from protocol.sovereignty.comparing import Why
from protocol.sovereignty.eligibility import Gap
from protocol.sovereignty.holdings import Holdings
from protocol.sovereignty.rules import About, CredentialType, Source


class Want(NamedTuple):
    """A credential query that nothing held answers."""

    query_id: str
    gap: Gap  # without types: nothing is known that would help


Option = tuple[Want, ...]  # all of them are wanted


@dataclass(frozen=True, slots=True)
class Readiness:
    """How far what is held answers a query."""

    at_hand: tuple[str, ...] = ()  # ids of credential queries
    lacking: tuple[tuple[Option, ...], ...] = ()  # for each required set that cannot be met, its options; empty: ready

    @property
    def fewest(self) -> tuple[Want, ...]:
        """What is wanted if of each set the option is taken that wants the least."""
        return tuple([want for options in self.lacking for want in min(options, key=_want_of)])


def check_needs(needs: DcqlQuery | None, holdings: Holdings) -> Readiness:
    """What of a query is at hand, and what is wanted. A path that takes too many steps is answered by nothing."""
    if needs is None:
        return Readiness()
    wanted = {
        asked.id: Want(asked.id, _gap(asked, holdings))
        for asked in needs.credentials
        if not _is_answered(asked, holdings)
    }
    at_hand = tuple([asked.id for asked in needs.credentials if asked.id not in wanted])
    lacking = []
    for ids in _sets(needs):
        options = tuple([tuple([wanted[id_] for id_ in option if id_ in wanted]) for option in ids])
        if all(options):
            lacking.append(options)
    return Readiness(at_hand, tuple(lacking))


def _want_of(option: Option) -> tuple[int, int]:
    """How much an option wants: first what nobody can give, then how many."""
    return sum([not want.gap.types for want in option]), len(option)


def _sets(needs: DcqlQuery) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """What has to be met: of each set one option (OID4VP 1.0 §6.4.2)."""
    if not needs.credential_sets:
        return ((tuple([asked.id for asked in needs.credentials]),),)
    required = tuple([one.options for one in needs.credential_sets if one.required])
    # Where every set is optional, something has to be answered all the same
    return required or (tuple([option for one in needs.credential_sets for option in one.options]),)


def _types(asked: CredentialQuery) -> tuple[CredentialType, ...]:
    return tuple([CredentialType(asked.format, named) for named in asked.meta.types])


def _is_answered(asked: CredentialQuery, holdings: Holdings) -> bool:
    """Whether a document answers, as `protocol.dcql.match` finds it, by what is known of every path already."""
    types = _types(asked)
    if asked.trusted_authorities or not types:
        candidates = {one.id: one for one in _may_answer(asked, types, holdings)}
        try:
            return bool(match_query(DcqlQuery((asked,)), candidates.values()).matches[asked.id])
        except InvalidRequest:
            return False
    return any(_is_answered_by(named, asked, holdings) for named in types)


def _is_answered_by(named: CredentialType, asked: CredentialQuery, holdings: Holdings) -> bool:
    held = holdings.documents(named, bound=asked.holder_binding)
    if not held or not asked.claims:
        return bool(held)
    if not asked.claim_sets:
        return _have_all(held, asked.claims, named, holdings)
    by_id = {claim.id: claim for claim in asked.claims}
    return any(_have_all(held, [by_id[id_] for id_ in ids], named, holdings) for ids in asked.claim_sets)


def _have_all(held: int, claims: Iterable[ClaimsQuery], named: CredentialType, holdings: Holdings) -> bool:
    """Whether one document has everything that is asked together."""
    for claim in claims:
        having = 0
        # A request asks for documents, whomever they are about
        for about in (*About, None):
            column = holdings.column(Source(named, claim.path), about)
            if claim.values:
                for value in claim.values:
                    having |= column.saying(value)
            else:
                having |= column.stating
        held &= having
        if not held:
            return False
    return True


def _may_answer(asked: CredentialQuery, types: Iterable[CredentialType], holdings: Holdings) -> list[Candidate]:
    if asked.meta.is_empty:
        return holdings.of_format(asked.format)
    return [candidate for named in types for candidate in holdings.candidates(named)]


def _gap(asked: CredentialQuery, holdings: Holdings) -> Gap:
    """What would help: a type that is asked and not held. What is held and does not answer will not, once more."""
    types = () if asked.meta.other else _types(asked)
    absent = tuple([named for named in types if not holdings.has(named)])
    if not absent:
        return Gap((), Why.NOT_STATED if types else Why.NOT_HELD)
    return Gap(absent, Why.ENDED if any(holdings.has_ended(named) for named in absent) else Why.NOT_HELD)
