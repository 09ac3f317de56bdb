"""Who may ask what: the registration that comes with a request, checked step by step, and proof of what may not be asked.

The order is that of the specification: signature and provider, whose it is, whether it still holds, what it covers.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from protocol.device_retrieval.question import VerifiedDeviceRequest
from protocol.errors import ProtocolError, Unavailable, Unreachable
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.oid4vp.request import Question
from protocol.oid4vp.request_object import Unauthenticated
from protocol.trust.anchors import TrustedParty
from protocol.trust.carried import Carried, carried_registration
from protocol.trust.coverage import check_party
from protocol.trust.dataset import REGISTRAR_DATASET, RegistrarDataset
from protocol.trust.register_asking import (
    MAX_AGE,
    RegisteredUse,
    RegisterQuestion,
    ask_register,
    register_question,
)
from protocol.trust.registration import VerifiedRegistration, verify_registration
from protocol.trust.registration_status import check_registration_status
from wallet.policy.asking import (
    AsksBeyond,
    Entry,
    Lookup,
    RegistrationProblem,
    Standing,
    Unregistered,
    WronglyRegistered,
    action_of,
    contacts_of,
    logged_beyond,
    outcome_of,
    problem_of,
    problem_of_access,
    problem_of_answer,
    problem_of_status,
    registration_of,
    standing_of,
)
from wallet.policy.evidence import finding_of
from wallet.policy.presenting import AskedRequest, asker_of, request_digest
from wallet.policy.showing import plain
from wallet.records import Evidence, KeptRequest
from wallet.service.context import WalletContext
from wallet.service.revoked import check_in_force
from wallet.service.seen import RequestSeen
from wallet.store import NewEntry

MAX_STATUS_AGE = 86_400  # seconds
MAX_KNOWN_LISTS = 32
K = TypeVar("K")
T = TypeVar("T")

_VERIFIER_INFO = "verifier_info"


@dataclass(frozen=True, slots=True)
class Asking:
    """Everything about whether somebody may ask."""

    context: WalletContext

    def standing(self, verified: AskedRequest, lookup: Lookup = Lookup.NEEDED) -> Exchange[Standing]:
        """Whether a verified request is its sender's to make."""
        request = verified.request
        party = None if isinstance(verified.party, Unauthenticated) else verified.party
        barred = None if party is None else (yield from self.barred(party))
        unchecked = barred is not None and barred.unreachable and lookup is Lookup.WHERE_POSSIBLE
        if barred is not None and not unchecked:
            return barred
        try:
            certificate = _registration_of(request)
        except ProtocolError as error:
            return WronglyRegistered(RegistrationProblem.UNREADABLE, plain(error.description))
        if certificate is None:
            question = self._question(request, party)
            known = self._known_use(question) if question is not None else None
            if known is not None:
                return standing_of(Entry.of_register(known), request.dcql_query, unchecked=unchecked)
            return Unregistered(self.context.strict, question, unchecked=unchecked)
        found = self._says(certificate, party)
        if isinstance(found, WronglyRegistered):
            return found
        problem = yield from self._status_problem(found)
        if problem is not None and not (problem.unreachable and lookup is Lookup.WHERE_POSSIBLE):
            return problem
        entry = Entry.of_certificate(found)
        return standing_of(entry, request.dcql_query, unchecked=unchecked or problem is not None)

    def ask(self, verified: AskedRequest, standing: Standing) -> Exchange[Standing]:
        """Ask the register that a party names, because the user wants it: it learns whom they meet.

        Without an answer everything stays as it was. An answer that is none that counts is worse than none: they said that
        they are registered.
        """
        if not isinstance(standing, Unregistered) or standing.question is None:
            return standing
        context, question = self.context, standing.question
        use = self._known_use(question)
        if use is None:
            try:
                use = yield from ask_register(question, now=context.now())
            except Unreachable:
                return replace(standing, unanswered=True)
            except ProtocolError as error:
                return WronglyRegistered(problem_of_answer(error), plain(error.description))
            remember(context.known_uses, question, use)
        return standing_of(Entry.of_register(use), verified.request.dcql_query, unchecked=standing.unchecked)

    def barred(self, party: TrustedParty) -> Exchange[WronglyRegistered | None]:
        """Why an access certificate counts for nothing, by the lists of its issuers; None if it holds.

        A chain that names no list cannot be looked up: it is trusted by its anchor, which the user takes out by hand.
        """
        context = self.context
        if not any(certificate.crl_uris for certificate in party.chain):
            return None
        try:
            yield from check_in_force(context, party)
        except ProtocolError as error:
            away = isinstance(error, Unreachable)
            return WronglyRegistered(problem_of_access(error), plain(error.description), away)
        return None

    def registration(
        self, certificate: str, party: TrustedParty | None
    ) -> Exchange[VerifiedRegistration | WronglyRegistered]:
        """A registration certificate that is the party's and holds, or why it counts for nothing."""
        found = self._says(certificate, party)
        if isinstance(found, WronglyRegistered):
            return found
        problem = yield from self._status_problem(found)
        return found if problem is None else problem

    def _says(self, certificate: str, party: TrustedParty | None) -> VerifiedRegistration | WronglyRegistered:
        """A registration certificate that is the party's; whether it still holds is a question of its own."""
        context = self.context
        try:
            registration = verify_registration(certificate, anchors=context.anchors(), now=context.now())
        except ProtocolError as error:
            return WronglyRegistered(problem_of(error), plain(error.description))
        try:
            if party is None:
                return WronglyRegistered(RegistrationProblem.OTHER_PARTY, "nobody vouches for who shows it")
            check_party(registration.says, party)
        except ProtocolError as error:
            return WronglyRegistered(RegistrationProblem.OTHER_PARTY, plain(error.description))
        return registration

    def record(self, verified: AskedRequest, standing: Standing) -> Exchange[None]:
        """Note a request that may not be made, and keep the proof of it; nothing where it may (T170)."""
        context = self.context
        request = verified.request
        action = action_of(standing, request.dcql_query)
        if not action:
            return
        digest = request_digest(request)
        asker = asker_of(verified, standing, context.language)
        named = replace(asker, name=asker.name or asker.calls_itself)
        beyond = logged_beyond(standing, request.dcql_query, context.store.credentials())
        registration = registration_of(standing)
        evidence = Evidence(
            id=digest,
            at=context.now(),
            asker=named.title,
            client_id=asker.identifier,
            trusted_by=asker.trusted_by,
            finding=_finding(standing),
            beyond=beyond,
            authority=contacts_of(registration.supervisory_authority if registration else None),
            request=verified.raw,
            registration=readable_registration(request),
            register_answer=registration.answer if registration else "",
        )
        note = context.entry(action, named, outcome_of(standing), beyond, request=digest)
        yield from context.save(put=[evidence], note=note)

    def declined(self, seen: RequestSeen, note: NewEntry) -> Exchange[None]:
        """Note that the user said no, with what was asked: they may want to complain about it (EUDI TS8)."""
        yield from self.context.save(put=self._kept(seen), note=note)

    def given(self, seen: RequestSeen) -> Exchange[None]:
        """Keep what was asked of somebody who gets data, so that the user can write to them, or complain (EUDI TS7, TS8).

        Whoever has a cockpit and showed a certificate has said all of it in what is kept of the answer. Where it cannot be
        kept, the entry of the log says what it says.
        """
        registration, verified = registration_of(seen.standing), seen.verified
        if not isinstance(verified, VerifiedDeviceRequest):
            metadata = verified.request.client_metadata
            announced = metadata is not None and metadata.cockpit_endpoint is not None
            if announced and (registration is None or registration.certificate is not None):
                return
        with suppress(Unavailable):
            yield from self.context.save(put=self._kept(seen))

    def _kept(self, seen: RequestSeen) -> list[KeptRequest]:
        context, registration = self.context, registration_of(seen.standing)
        known = {one.id for one in context.store.evidence()} | {one.id for one in context.store.requests()}
        if seen.digest in known:
            return []
        kept = KeptRequest(
            id=seen.digest,
            at=context.now(),
            asker=seen.consent.asker.title,
            contacts=registration.contacts if registration is not None else (),
            authority=contacts_of(registration.supervisory_authority if registration is not None else None),
            request=seen.verified.raw,
            registration=readable_registration(seen.verified.request) if registration is not None else "",
        )
        return [kept]

    def _question(self, request: Question, party: TrustedParty | None) -> RegisterQuestion | None:
        """What a register could be asked about a party; None: they name none, or none that is known."""
        if party is None or not party.chain:
            return None
        found = [info.data for info in request.verifier_info if info.format == REGISTRAR_DATASET]
        if len(found) != 1:
            return None
        try:
            dataset = RegistrarDataset.from_verifier_info(Fields(found[0], _VERIFIER_INFO))
            return register_question(dataset, party.chain[0], self.context.registers())
        except ProtocolError:
            return None  # it entitles nobody to anything, so a wrong one is as good as none

    def _known_use(self, question: RegisterQuestion) -> RegisteredUse | None:
        """What the register said of late."""
        known, now = self.context.known_uses, self.context.now()
        for old in [key for key, use in known.items() if now >= use.said_at + MAX_AGE]:
            del known[old]
        return known.get(question)

    def _status_problem(self, registration: VerifiedRegistration) -> Exchange[WronglyRegistered | None]:
        """Why a registration does not hold any more, or nobody knows whether; None if it does."""
        context = self.context
        uri = registration.says.status.uri
        checked = yield from check_registration_status(
            registration,
            context.known_lists.get(uri),
            anchors=context.anchors(),
            now=context.now(),
            max_age=MAX_STATUS_AGE,
        )
        if checked.known is not None:
            remember(context.known_lists, uri, checked.known)
        problem = problem_of_status(checked.report.status)
        if problem is None:
            return None
        return WronglyRegistered(problem, plain(checked.report.reason), checked.unreachable)


def remember(known: dict[K, T], key: K, found: T) -> None:
    """Keep something for the next question; what was not used longest goes first."""
    known.pop(key, None)
    known[key] = found
    while len(known) > MAX_KNOWN_LISTS:
        del known[next(iter(known))]


def _registration_of(request: Question) -> str | None:
    """The registration certificate of a request.

    Raises:
        Malformed: several, unreadable, or for a part of the request only (OIDFVP-HAIP_COMMON_RO_REQ-07).
    """
    entries = [Carried(info.format, info.data) for info in request.verifier_info if not info.credential_ids]
    partial = [Carried(info.format, {}) for info in request.verifier_info if info.credential_ids]
    return carried_registration([*entries, *partial], _VERIFIER_INFO)


def readable_registration(request: Question) -> str:
    """The registration certificate of a request, unverified; empty: none, or none that can be read."""
    try:
        return _registration_of(request) or ""
    except ProtocolError:
        return ""


def _finding(standing: Standing) -> str:
    match standing:
        case AsksBeyond():
            return "asks for more than registered"
        case WronglyRegistered(problem=problem):
            return finding_of(problem)
        case _:
            return "no registration was shown"
