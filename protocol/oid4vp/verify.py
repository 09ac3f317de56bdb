"""The verifier's story: what came, whether it is genuine, ours, alive and enough (OID4VP 1.0 §8.6).

Every answer gets seven checks as data, so that a partner can read why something was refused. A check that was not reached
says neither yes nor no.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from protocol.credential import ClaimPath, VerifiedCredential
from protocol.dcql.match import check_answer
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
)
from protocol.exchange import Exchange
from protocol.formats import format_of
from protocol.holder_binding import ExpectedBinding
from protocol.keys import Decrypter
from protocol.oid4vp.request import Question
from protocol.oid4vp.response import AuthorizationResponse, Presentation
from protocol.oid4vp.transaction_data import TransactionData, TypeRule, assign_transaction_data, read_transaction_data
from protocol.status.check import Status, StatusReport
from protocol.trust.anchors import TrustAnchors, TrustedParty


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
    as_of: int | None = (
        None  # epoch seconds: when what the answer hangs on was looked up; None: it hangs on no such thing
    )


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """What this verifier demands beyond the protocol; the defaults are the strict choice."""

    # Names of anchors, which are ours; a certificate's own name may be anything that its authority lets pass
    accepted_issuers: frozenset[str] = frozenset()  # empty: all that are trusted
    transaction_data_types: Mapping[str, TypeRule] | None = None
    issuers_by_certificate: bool = False  # HAIP 1.0 §6.1.1: issuers are known by `x5c`, and in no other way
    # What is demanded of the claims that were asked for: why they do not do, or nothing if they do
    objection: Callable[[Mapping[str, tuple[JsonObject, ...]]], str] | None = None
    bound_always: bool = False  # HAIP 1.0 §6.1.1.1: what is bound to a key comes with its signature, asked for or not


@dataclass(frozen=True, slots=True)
class VerifiedResponse:
    """What was found out about an answer. Only an accepted one has claims, and only those that were asked (T189)."""

    accepted: bool
    checks: tuple[Check, ...]  # one for each name
    claims: Mapping[str, tuple[JsonObject, ...]]  # query id → the claims of each presentation
    issuers: Mapping[str, tuple[str, ...]]  # query id → who issued
    surplus: Mapping[str, tuple[ClaimPath, ...]]  # query id → what was disclosed though nobody asked
    holders: int  # how many different keys the credentials are bound to; more than one need not be one person (T187)
    binary: Mapping[str, tuple[ClaimPath, ...]]  # query id → claims that are bytes; null for every index
    # Query id → all that each presentation discloses whose signature holds; for receipts, which say what came
    shown: Mapping[str, tuple[JsonObject, ...]] = field(default_factory=dict, repr=False)


StatusOf = Callable[[VerifiedCredential], Exchange[StatusReport]]
ObjectionTo = Callable[[TrustedParty], Exchange[str]]


def verify_response(
    response: AuthorizationResponse,
    request: Question,
    *,
    anchors: TrustAnchors,
    policy: VerificationPolicy,
    status_of: StatusOf,
    objection_to: ObjectionTo | None = None,
    now: int,
    reader_key: Decrypter | None = None,
) -> Exchange[VerifiedResponse]:
    """Verify an answer to our request, presentation by presentation, then the whole.

    `status_of` looks up a credential's status and never raises; `objection_to`, why whoever signed it does not count any
    more, as when a certificate was revoked, or nothing (None: that is not looked up). `reader_key` is our own key of a
    session in which the answer came (`protocol.device_retrieval`). That there was no answer before is for the store to say.

    Raises:
        InvalidRequest: no answer to this request at all: another state, unknown query ids, more presentations than were
            asked (T176, T178), or nothing that could carry the transaction (T190). Nothing was found out, and nothing
            should change.
        InvalidTransactionData: our own request has transaction data of a type that `policy` does not know.
    """
    _check_shape(response, request)
    # 1 · each presentation: genuine, from whom, alive, its holder's, for us and now, not revoked
    work = _Verification(request, _expected_transactions(request, response, policy), anchors, policy, now, reader_key)
    found: dict[str, tuple[VerifiedCredential, ...]] = {}
    for query in request.dcql_query.credentials:
        credentials = []
        for presentation in response.vp_token.get(query.id, ()):
            credential = yield from work.verify(presentation, query)
            if credential is None:
                continue
            if objection_to is not None:
                reason = yield from objection_to(credential.issuer)
                work.lines.note(CheckName.TRUSTED_ISSUER, passed=not reason, reason=reason)
            report = yield from status_of(credential)
            as_of = report.checked_at if credential.status else None
            work.lines.note(CheckName.STATUS, report.status is Status.VALID, report.reason, as_of)
            credentials.append(credential)
        if credentials:
            found[query.id] = tuple(credentials)
    # 2 · the whole: what was asked, and no more of it than was asked
    reduced = _Reduced({}, {})
    if not work.lines.failed:
        try:
            reduced = _reduce(request, found)
            reason = policy.objection(reduced.claims) if policy.objection is not None else ""
            work.lines.note(CheckName.QUERY_COMPLETE, passed=not reason, reason=reason)
        except InvalidRequest as error:
            work.lines.note(CheckName.QUERY_COMPLETE, passed=False, reason=error.description)
    return VerifiedResponse(
        accepted=work.lines.passed,
        checks=work.lines.checks(),
        claims=reduced.claims if work.lines.passed else {},
        issuers={query_id: tuple(c.issuer.name for c in held) for query_id, held in found.items()},
        surplus=reduced.surplus,
        holders=len({c.holder_key for held in found.values() for c in held if c.holder_key is not None}),
        binary={
            query_id: tuple(dict.fromkeys(path for credential in held for path in credential.binary))
            for query_id, held in found.items()
            if query_id in reduced.claims and any(credential.binary for credential in held)
        },
        shown={query_id: tuple([credential.claims for credential in held]) for query_id, held in found.items()},
    )


_ALL_CHECKS = frozenset(CheckName)


class _Lines:
    """Gathers what was found over all presentations: one no makes the line a no, with its first reason."""

    def __init__(self) -> None:
        self._found: dict[CheckName, Check] = {}

    def note(self, name: CheckName, passed: bool | None, reason: str = "", as_of: int | None = None) -> None:
        """One presentation's answer to one question; None: it was not asked."""
        known = self._found.get(name)
        # The first no stays, and any answer counts more than a question that was not asked
        if known is None or known.passed is None or (passed is False and known.passed):
            self._found[name] = Check(name, passed, "" if passed else reason, as_of)
        elif known.passed and passed and as_of is not None:
            # All of them have to hold, so that the answer is as old as the oldest of them
            self._found[name] = replace(known, as_of=as_of if known.as_of is None else min(known.as_of, as_of))

    def note_passed(self, *names: CheckName) -> None:
        """Questions that a presentation stood."""
        for name in names:
            self.note(name, passed=True)

    @property
    def failed(self) -> bool:
        """Whether any question was answered with no."""
        return any(check.passed is False for check in self._found.values())

    @property
    def passed(self) -> bool:
        """Whether every question was reached, and none answered with no."""
        return self._found.keys() == _ALL_CHECKS and not self.failed

    def checks(self) -> tuple[Check, ...]:
        """A line for every question."""
        return tuple([self._found.get(name) or Check(name, None, "was not reached") for name in CheckName])


@dataclass(frozen=True, slots=True)
class _Verification:
    """One answer at work: what all its presentations are held against, and what was found so far."""

    request: Question
    transactions: Mapping[str, tuple[TransactionData, ...]]  # query id → what its presentation must authorise
    anchors: TrustAnchors
    policy: VerificationPolicy
    now: int
    reader_key: Decrypter | None
    lines: _Lines = field(default_factory=_Lines)

    def verify(self, presentation: Presentation, query: CredentialQuery) -> Exchange[VerifiedCredential | None]:
        """One presentation; None if a check failed, which is noted with its reason."""
        binding = self._binding(query) if query.holder_binding else None
        try:
            if not isinstance(presentation, str):
                raise Malformed(f"vp_token.{query.id}", "must be a text in this format")
            credential = yield from self._verify(presentation, query, binding)
            if binding is None and self.policy.bound_always and credential.holder_key is not None:
                binding = self._binding(query)
                credential = yield from self._verify(presentation, query, binding)
            if self.policy.issuers_by_certificate and not credential.issuer.chain:
                raise NotTrusted("credential: says by no certificate who signed it")
        except Flaw as flaw:
            _note_flaw(flaw, self.lines)
            return None
        self.lines.note_passed(CheckName.AUTHENTIC, CheckName.VALID_NOW)
        if binding is None:
            self.lines.note(CheckName.HOLDER_BOUND, None, "was not asked")
            self.lines.note(CheckName.THIS_REQUEST, None, "was not asked")
        else:
            self.lines.note_passed(CheckName.HOLDER_BOUND, CheckName.THIS_REQUEST)
        accepted = self.policy.accepted_issuers
        if accepted and credential.issuer.vouched_by not in accepted:
            reason = "credential: this issuer is trusted, but not accepted for this question"
            self.lines.note(CheckName.TRUSTED_ISSUER, passed=False, reason=reason)
            return None
        self.lines.note_passed(CheckName.TRUSTED_ISSUER)
        return credential

    def _verify(
        self, presentation: str, query: CredentialQuery, binding: ExpectedBinding | None
    ) -> Exchange[VerifiedCredential]:
        return (
            yield from format_of(query.format).verify_presented(
                presentation, anchors=self.anchors, expected=binding, now=self.now
            )
        )

    def _binding(self, query: CredentialQuery) -> ExpectedBinding:
        items = self.transactions.get(query.id, ())
        return ExpectedBinding(
            audience=self.request.audience,
            nonce=self.request.nonce,
            now=self.now,
            transaction_data_hashes=tuple(item.digest() for item in items),
            transaction_data_hashes_alg=next((item.hash_algorithm for item in items if item.algorithm_named), None),
            handover=lambda: self.request.handover,
            reader_key=self.reader_key,
        )


def _check_shape(response: AuthorizationResponse, request: Question) -> None:
    if not hmac.compare_digest(_bytes(response.state), _bytes(request.state)):
        raise InvalidRequest("state: belongs to no open request")
    by_id = {query.id: query for query in request.dcql_query.credentials}
    for query_id, presentations in response.vp_token.items():
        query = by_id.get(query_id)
        if query is None:
            raise InvalidRequest("vp_token: answers a query that was not asked")
        if len(presentations) > 1 and not query.multiple:
            raise InvalidRequest(f"vp_token.{query_id}: must have one presentation")


def _bytes(state: str | None) -> bytes:
    return (state or "").encode("utf-8", "surrogatepass")  # a form can hold what is no text


def _expected_transactions(
    request: Question, response: AuthorizationResponse, policy: VerificationPolicy
) -> dict[str, tuple[TransactionData, ...]]:
    bound = [query.id for query in request.dcql_query.credentials if query.holder_binding]
    items = read_transaction_data(request.transaction_data, bound_ids=bound, types=policy.transaction_data_types or {})
    try:
        return assign_transaction_data(items, response.vp_token.keys())
    except InvalidTransactionData as error:
        raise InvalidRequest(error.description) from error


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


@dataclass(frozen=True, slots=True)
class _Reduced:
    """An answer cut down to what was asked, and what fell off."""

    claims: Mapping[str, tuple[JsonObject, ...]]
    surplus: Mapping[str, tuple[ClaimPath, ...]]


def _reduce(request: Question, found: Mapping[str, tuple[VerifiedCredential, ...]]) -> _Reduced:
    """Check that what was presented is what was asked, and drop the rest (T188, T189).

    Raises:
        InvalidRequest: it is not (T177), or the answer takes too many steps to tell.
    """
    by_id = {query.id: query for query in request.dcql_query.credentials}
    candidates = {
        query_id: tuple(
            format_of(by_id[query_id].format).candidate(f"{query_id} {i}", credential)
            for i, credential in enumerate(held)
        )
        for query_id, held in found.items()
    }
    answered = check_answer(request.dcql_query, candidates)
    claims: dict[str, tuple[JsonObject, ...]] = {}
    surplus: dict[str, tuple[ClaimPath, ...]] = {}
    for query_id, held in found.items():
        claims[query_id] = tuple([asked.selected() for asked in answered[query_id]])
        paths = [
            path
            for credential, asked in zip(held, answered[query_id], strict=True)
            for path in asked.surplus(credential.disclosed)
        ]
        if paths:
            surplus[query_id] = tuple(dict.fromkeys(paths))
    return _Reduced(claims, surplus)
