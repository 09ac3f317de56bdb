"""The verifier's story: what came, whether it is genuine, ours, alive and enough (OID4VP 1.0 §8.6).

Every answer gets seven checks as data, so that a partner can read why something was refused. A check that was not reached
says neither yes nor no.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from protocol.credential import ClaimPath, VerifiedCredential
from protocol.dcql.match import Candidate, check_answer, selected_claims, surplus_paths
from protocol.dcql.query import CredentialQuery
from protocol.encoding import JsonObject
from protocol.errors import (
    Flaw,
    InvalidRequest,
    InvalidTransactionData,
    Malformed,
    NotBound,
    NotForThisRequest,
    NotTrusted,
    NotValidNow,
    raised_as,
)
from protocol.exchange import Exchange
from protocol.formats import format_of
from protocol.oid4vp.request import AuthorizationRequest
from protocol.oid4vp.response import AuthorizationResponse, Presentation
from protocol.oid4vp.transaction_data import TransactionData, TypeRule, assign_transaction_data, read_transaction_data
from protocol.sdjwt.key_binding import ExpectedBinding
from protocol.status.check import Status, StatusReport
from protocol.trust.anchors import TrustAnchors


class CheckName(StrEnum):
    """The questions that every answer has to stand, in the order in which they are told."""

    AUTHENTIC = "authentic"
    HOLDER_BOUND = "holder_bound"
    THIS_REQUEST = "this_request"
    TRUSTED_ISSUER = "trusted_issuer"
    VALID_NOW = "valid_now"
    STATUS = "status"
    QUERY_COMPLETE = "query_complete"


@dataclass(frozen=True, slots=True)
class Check:
    """The answer to one question: yes, no, or (None) not reached or not asked; `reason` says why it is not yes."""

    name: CheckName
    passed: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """What this verifier demands beyond the protocol; the defaults are the strict choice."""

    accepted_issuers: frozenset[str] = frozenset()  # names of authorities or parties; empty: all that are trusted
    transaction_data_types: Mapping[str, TypeRule] | None = None


@dataclass(frozen=True, slots=True)
class VerifiedResponse:
    """What was found out about an answer. Only an accepted one has claims, and only those that were asked (T189)."""

    accepted: bool
    checks: tuple[Check, ...]  # one for each name
    claims: Mapping[str, tuple[JsonObject, ...]]  # query id → the claims of each presentation
    issuers: Mapping[str, tuple[str, ...]]  # query id → who issued
    surplus: Mapping[str, tuple[ClaimPath, ...]]  # query id → what was disclosed though nobody asked
    holders: int  # how many different keys presented; more than one need not be one person (T187)


StatusOf = Callable[[VerifiedCredential], Exchange[StatusReport]]


def verify_response(
    response: AuthorizationResponse,
    request: AuthorizationRequest,
    *,
    anchors: TrustAnchors,
    policy: VerificationPolicy,
    status_of: StatusOf,
    now: int,
) -> Exchange[VerifiedResponse]:
    """Verify an answer to our request, presentation by presentation, then the whole.

    `status_of` looks up a credential's status and never raises. That there was no answer before is for the store to say.

    Raises:
        InvalidRequest: no answer to this request at all: another state, unknown query ids, or more presentations than
            were asked (T176, T178). Nothing was found out, and nothing should change.
    """
    _check_shape(response, request)
    by_id = {query.id: query for query in request.dcql_query.credentials}
    expected = _expected_transactions(request, response, policy)
    found: dict[str, list[VerifiedCredential]] = {}
    lines = _Lines()
    for query_id, presentations in response.vp_token.items():
        for presentation in presentations:
            query = by_id[query_id]
            binding = _binding(request, query, expected.get(query_id, ()), now)
            credential = yield from _verify_one(presentation, query, binding, anchors, policy, now, lines)
            if credential is None:
                continue
            report = yield from status_of(credential)
            lines.note(CheckName.STATUS, report.status is Status.VALID, report.reason)
            found.setdefault(query_id, []).append(credential)
    complete = not lines.failed
    candidates = _candidates(by_id, found)
    if complete:
        complete = _check_query(request, candidates, lines)
    return VerifiedResponse(
        accepted=complete,
        checks=lines.checks(),
        claims={
            query_id: tuple(selected_claims(by_id[query_id], c) for c in held) for query_id, held in candidates.items()
        }
        if complete
        else {},
        issuers={query_id: tuple(c.issuer.name for c in held) for query_id, held in found.items()},
        surplus=_surplus(by_id, found, candidates),
        holders=len({c.holder_key for held in found.values() for c in held if c.holder_key is not None}),
    )


class _Lines:
    """Gathers what was found over all presentations: one no makes the line a no, with its first reason."""

    def __init__(self) -> None:
        self._found: dict[CheckName, Check] = {}
        self.failed = False

    def note(self, name: CheckName, passed: bool | None, reason: str = "") -> None:
        """One presentation's answer to one question."""
        known = self._found.get(name)
        if known is None or (known.passed is not False and passed is False):
            self._found[name] = Check(name, passed, "" if passed else reason)
        if passed is False:
            self.failed = True

    def note_passed(self, *names: CheckName) -> None:
        """Questions that a presentation stood."""
        for name in names:
            self.note(name, passed=True)

    def checks(self) -> tuple[Check, ...]:
        """A line for every question."""
        return tuple(self._found.get(name, Check(name, None, "was not reached")) for name in CheckName)


def _check_shape(response: AuthorizationResponse, request: AuthorizationRequest) -> None:
    if not hmac.compare_digest((response.state or "").encode(), (request.state or "").encode()):
        raise InvalidRequest("state: belongs to no open request")
    by_id = {query.id: query for query in request.dcql_query.credentials}
    for query_id, presentations in response.vp_token.items():
        query = by_id.get(query_id)
        if query is None:
            raise InvalidRequest("vp_token: answers a query that was not asked")
        if len(presentations) > 1 and not query.multiple:
            raise InvalidRequest(f"vp_token.{query_id}: must have one presentation")


def _expected_transactions(
    request: AuthorizationRequest, response: AuthorizationResponse, policy: VerificationPolicy
) -> dict[str, tuple[TransactionData, ...]]:
    bound = [query.id for query in request.dcql_query.credentials if query.holder_binding]
    items = read_transaction_data(request.transaction_data, bound_ids=bound, types=policy.transaction_data_types or {})
    try:
        return assign_transaction_data(items, response.vp_token.keys())
    except InvalidTransactionData as error:
        raise InvalidRequest(error.description) from error


def _binding(
    request: AuthorizationRequest, query: CredentialQuery, items: tuple[TransactionData, ...], now: int
) -> ExpectedBinding | None:
    if not query.holder_binding:
        return None
    named = next((item.hash_algorithm for item in items if item.algorithm_named), None)
    return ExpectedBinding(
        audience=str(request.client_id),
        nonce=request.nonce,
        now=now,
        transaction_data_hashes=tuple(item.digest() for item in items),
        transaction_data_hashes_alg=named,
    )


def _verify_one(
    presentation: Presentation,
    query: CredentialQuery,
    binding: ExpectedBinding | None,
    anchors: TrustAnchors,
    policy: VerificationPolicy,
    now: int,
    lines: _Lines,
) -> Exchange[VerifiedCredential | None]:
    """One presentation; None if a check failed, which is noted with its reason."""
    try:
        if not isinstance(presentation, str):
            raise Malformed(f"vp_token.{query.id}", "must be a text in this format")
        credential = yield from format_of(query.format).verify_presented(
            presentation, anchors=anchors, expected=binding, now=now
        )
        _check_issuer(credential, policy)
    except Flaw as flaw:
        _note_flaw(flaw, lines)
        return None
    lines.note_passed(CheckName.AUTHENTIC, CheckName.TRUSTED_ISSUER, CheckName.VALID_NOW)
    if binding is None:
        lines.note(CheckName.HOLDER_BOUND, None, "was not asked")
        lines.note(CheckName.THIS_REQUEST, None, "was not asked")
    else:
        lines.note_passed(CheckName.HOLDER_BOUND, CheckName.THIS_REQUEST)
    return credential


def _check_issuer(credential: VerifiedCredential, policy: VerificationPolicy) -> None:
    issuer = credential.issuer
    if policy.accepted_issuers and policy.accepted_issuers.isdisjoint((issuer.name, issuer.vouched_by)):
        raise NotTrusted("credential: this issuer is trusted, but not accepted for this question")


def _note_flaw(flaw: Flaw, lines: _Lines) -> None:
    """Which question a flaw says no to, and which ones it says yes to on the way there."""
    match flaw:
        case NotForThisRequest():
            lines.note_passed(
                CheckName.AUTHENTIC, CheckName.TRUSTED_ISSUER, CheckName.VALID_NOW, CheckName.HOLDER_BOUND
            )
            name = CheckName.THIS_REQUEST
        case NotBound():
            lines.note_passed(CheckName.AUTHENTIC, CheckName.TRUSTED_ISSUER, CheckName.VALID_NOW)
            name = CheckName.HOLDER_BOUND
        case NotTrusted():
            name = CheckName.TRUSTED_ISSUER
        case NotValidNow():
            name = CheckName.VALID_NOW
        case _:
            name = CheckName.AUTHENTIC
    lines.note(name, passed=False, reason=flaw.description)


def _candidates(
    by_id: Mapping[str, CredentialQuery], found: Mapping[str, list[VerifiedCredential]]
) -> dict[str, tuple[Candidate, ...]]:
    return {
        query_id: tuple(
            format_of(by_id[query_id].format).candidate(f"{query_id} {i}", credential)
            for i, credential in enumerate(credentials)
        )
        for query_id, credentials in found.items()
    }


def _check_query(request: AuthorizationRequest, candidates: Mapping[str, tuple[Candidate, ...]], lines: _Lines) -> bool:
    try:
        with raised_as(InvalidRequest):
            check_answer(request.dcql_query, candidates)
    except InvalidRequest as error:
        lines.note(CheckName.QUERY_COMPLETE, passed=False, reason=error.description)
        return False
    lines.note_passed(CheckName.QUERY_COMPLETE)
    return True


def _surplus(
    by_id: Mapping[str, CredentialQuery],
    found: Mapping[str, list[VerifiedCredential]],
    candidates: Mapping[str, tuple[Candidate, ...]],
) -> dict[str, tuple[ClaimPath, ...]]:
    surplus: dict[str, tuple[ClaimPath, ...]] = {}
    for query_id, credentials in found.items():
        paths = [
            path
            for credential, candidate in zip(credentials, candidates[query_id], strict=True)
            for path in surplus_paths(by_id[query_id], candidate, credential.disclosed)
        ]
        if paths:
            surplus[query_id] = tuple(dict.fromkeys(paths))
    return surplus
