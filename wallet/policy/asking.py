"""May they ask this? What a verifier registered for, held against what it asks, and what of it may be given at all (T170).

ETSI TS 119 475 V1.2.1 §5.2.4; ARF 3.0 RPRC_16 to RPRC_21. Looking up whether a registration still holds is a service's work;
here stands what follows from each answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from protocol.credential import ClaimPath
from protocol.dcql.query import CredentialQuery, DcqlQuery
from protocol.errors import NotAuthentic, NotFound, NotTrusted, NotValidNow, ProtocolError, Revoked, Suspended
from protocol.status.check import Status
from protocol.trust.coverage import Uncovered, covered_part, uncovered
from protocol.trust.localized import Localized, in_language
from protocol.trust.register_asking import RegisteredUse, RegisterQuestion
from protocol.trust.registration import Contact, RegisteredCredential, VerifiedRegistration
from wallet.policy.showing import MAX_VALUE, claim_label, credential_name, generalised, path_text, plain
from wallet.records import HeldCredential, LoggedCredential

MAX_SHOWN = 50  # pieces of data that a page names


class RegistrationProblem(StrEnum):
    """Why a registration that was shown counts for nothing, or nothing that they show counts."""

    UNREADABLE = "unreadable"
    UNKNOWN_PROVIDER = "unknown_provider"  # nobody whom we trust to register vouches for it
    FORGED = "forged"
    EXPIRED = "expired"
    OTHER_PARTY = "other_party"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    STATUS_UNKNOWN = "status_unknown"  # it could not be looked up, and so is not good
    BARRED = "barred"  # their access certificate was revoked
    BARRED_FOR_NOW = "barred_for_now"
    BARRED_UNKNOWN = "barred_unknown"  # whether it was could not be looked up
    NOT_IN_REGISTER = "not_in_register"  # it was asked: they are not there, or not for this
    REGISTER_UNSOUND = "register_unsound"  # it was asked, and what it said cannot be relied on


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody registered for, by a certificate that they show or in a register's word of now."""

    name: str
    purpose: tuple[Localized, ...]
    privacy_policy: str
    credentials: tuple[RegisteredCredential, ...]
    supervisory_authority: Contact | None
    registered_by: str
    through_intermediary: bool
    certificate: VerifiedRegistration | None = None  # None: a register was asked
    answer: str = ""  # as the register signed it; empty: there is a certificate
    contacts: tuple[str, ...] = ()  # where people write to or call (EUDI TS7)

    @classmethod
    def of_certificate(cls, registration: VerifiedRegistration) -> Entry:
        """By a certificate that is theirs and holds."""
        says = registration.says
        return cls(
            name=says.name,
            purpose=says.purpose,
            privacy_policy=says.privacy_policy,
            credentials=says.credentials,
            supervisory_authority=says.supervisory_authority,
            registered_by=registration.provider.name,
            through_intermediary=says.intermediary is not None,
            certificate=registration,
            contacts=(says.support_uri,) if says.support_uri is not None else (),
        )

    @classmethod
    def of_register(cls, use: RegisteredUse) -> Entry:
        """By what a register answered."""
        return cls(
            name=use.name,
            purpose=use.purpose,
            privacy_policy=use.privacy_policy,
            credentials=use.credentials,
            supervisory_authority=use.supervisory_authority,
            registered_by=use.registered_by,
            through_intermediary=use.through_intermediary,
            answer=use.answer,
            contacts=use.contacts,
        )


@dataclass(frozen=True, slots=True)
class Registered:
    """The registration is theirs, holds, and covers everything that is asked."""

    registration: Entry
    unchecked: bool = False  # whether they still may could not be looked up, without a network


@dataclass(frozen=True, slots=True)
class Unregistered:
    """They show no registration; a register can be asked about them if there is a question."""

    refused: bool = False  # by a wallet that gives nothing to such
    question: RegisterQuestion | None = None  # nobody was asked it, or nobody answered
    unanswered: bool = False  # it was asked
    unchecked: bool = False  # as for `Registered`


@dataclass(frozen=True, slots=True)
class AsksBeyond:
    """The registration is theirs and holds, and they ask for more."""

    registration: Entry
    beyond: tuple[Uncovered, ...]
    rest: DcqlQuery | None  # what they may ask of it; None: nothing that answers
    unchecked: bool = False  # as for `Registered`


@dataclass(frozen=True, slots=True)
class WronglyRegistered:
    """A registration was shown that does not hold, or is not theirs; or who asks was barred."""

    problem: RegistrationProblem
    detail: str  # for engineers
    unreachable: bool = False  # nobody could be asked whether it still holds; that is all


Standing = Registered | Unregistered | AsksBeyond | WronglyRegistered

# Why nothing shows that they are whom their access certificate names: the key may be in anybody's hands
UNPROVEN = frozenset(
    (RegistrationProblem.BARRED, RegistrationProblem.BARRED_FOR_NOW, RegistrationProblem.BARRED_UNKNOWN)
)


class Lookup(StrEnum):
    """What is to be looked up about whoever asks, and what follows where nobody can be asked."""

    NEEDED = "needed"  # what cannot be looked up is not good (T091)
    WHERE_POSSIBLE = "where possible"  # without a network: the user is told, and decides


def standing_of(registration: Entry, query: DcqlQuery, *, unchecked: bool = False) -> Standing:
    """What follows from a registration that is theirs and holds."""
    beyond = uncovered(query, registration.credentials)
    if beyond:
        return AsksBeyond(registration, beyond, covered_part(query, beyond), unchecked)
    return Registered(registration, unchecked)


def problem_of(error: ProtocolError) -> RegistrationProblem:
    """Why a certificate that could not be verified counts for nothing."""
    if isinstance(error, NotTrusted):
        return RegistrationProblem.UNKNOWN_PROVIDER
    if isinstance(error, NotValidNow):
        return RegistrationProblem.EXPIRED
    return RegistrationProblem.FORGED if isinstance(error, NotAuthentic) else RegistrationProblem.UNREADABLE


def problem_of_answer(error: ProtocolError) -> RegistrationProblem:
    """Why what a register said counts for nothing; that it says nothing is no answer."""
    return RegistrationProblem.NOT_IN_REGISTER if isinstance(error, NotFound) else RegistrationProblem.REGISTER_UNSOUND


def problem_of_status(status: Status) -> RegistrationProblem | None:
    """Why a registration of this status counts for nothing; None if it holds."""
    return {
        Status.VALID: None,
        Status.INVALID: RegistrationProblem.REVOKED,
        Status.SUSPENDED: RegistrationProblem.SUSPENDED,
        Status.UNKNOWN: RegistrationProblem.STATUS_UNKNOWN,
    }[status]


def problem_of_access(error: ProtocolError) -> RegistrationProblem:
    """Why an access certificate counts for nothing; not knowing is no yes (T091)."""
    if isinstance(error, Suspended):
        return RegistrationProblem.BARRED_FOR_NOW
    return RegistrationProblem.BARRED if isinstance(error, Revoked) else RegistrationProblem.BARRED_UNKNOWN


def is_unproven(standing: Standing) -> bool:
    """Whether nothing shows who somebody is, though their access certificate names them."""
    return isinstance(standing, WronglyRegistered) and standing.problem in UNPROVEN


def may_be_given(standing: Standing, query: DcqlQuery) -> DcqlQuery | None:
    """The part of a query that may be answered; None: nothing is given, whatever the user says."""
    match standing:
        case Registered():
            return query
        case Unregistered(refused):
            return None if refused else query
        case AsksBeyond(rest=rest):
            return rest
        case WronglyRegistered():
            return None


# What people are shown


@dataclass(frozen=True, slots=True)
class RegistrationShown:
    """What a register says about whoever asks."""

    name: str
    purpose: str  # empty: none is registered
    privacy_policy: str  # https
    authority: tuple[str, ...]  # how the supervisory authority is reached; empty: not known
    registered_by: str
    through: str  # who asks in their stead; empty: they themselves


@dataclass(frozen=True, slots=True)
class BeyondShown:
    """One thing that is asked for and was not registered."""

    path: ClaimPath | None  # None: the document as such
    label: str  # as the issuer of a document that is held calls it; empty: no such document is held
    document: str  # what it is called; empty: none of its kind is held


@dataclass(frozen=True, slots=True)
class StandingShown:
    """What a page says about whether they may ask."""

    registration: RegistrationShown | None = None
    asks_for: tuple[BeyondShown, ...] = ()  # that they may
    beyond: tuple[BeyondShown, ...] = ()  # that they may not
    problem: RegistrationProblem | None = None
    unregistered: bool = False
    register: str = ""  # that can be asked about them; empty: none
    unanswered: bool = False  # it was asked, and did not answer
    answerable: bool = True  # False: nothing may be given
    unchecked: bool = False  # whether they still may ask could not be looked up

    @property
    def unproven(self) -> bool:
        """Whether nothing shows who they are, though their certificate names somebody."""
        return self.problem in UNPROVEN

    @property
    def is_odd(self) -> bool:
        """Whether there is something that nobody should say yes to without reading it."""
        return bool(self.beyond) or self.problem is not None or self.unchecked


def standing_shown(
    standing: Standing, query: DcqlQuery, held: tuple[HeldCredential, ...], asker: str, language: str
) -> StandingShown:
    """A standing in the user's words."""
    answerable = may_be_given(standing, query) is not None
    match standing:
        case Unregistered(question=question, unanswered=unanswered, unchecked=unchecked):
            register = plain(question.register.name) if question is not None else ""
            return StandingShown(
                unregistered=True,
                register=register,
                unanswered=unanswered,
                answerable=answerable,
                unchecked=unchecked,
            )
        case WronglyRegistered(problem=problem):
            return StandingShown(problem=problem, answerable=answerable)
        case Registered(registration, unchecked):
            found = [Uncovered(asked.id, claim.path) for asked in query.credentials for claim in asked.claims]
            asks_for = things_shown(tuple(found), query, held, language)
            shown = _registration_shown(registration, asker, language)
            return StandingShown(shown, asks_for, unchecked=unchecked)
        case AsksBeyond(registration, beyond, unchecked=unchecked):
            shown = _registration_shown(registration, asker, language)
            things = things_shown(beyond, query, held, language)
            return StandingShown(shown, beyond=things, answerable=answerable, unchecked=unchecked)


def registration_of(standing: Standing) -> Entry | None:
    """The registration that is theirs and holds, if there is one."""
    return standing.registration if isinstance(standing, Registered | AsksBeyond) else None


def on_behalf_of(standing: Standing) -> str:
    """For whom an intermediary asks; empty: whoever asks asks for themselves, or nobody knows."""
    registration = registration_of(standing)
    return plain(registration.name) if registration and registration.through_intermediary else ""


# What is kept


def action_of(standing: Standing, query: DcqlQuery) -> str:
    """What the log calls a request that asks for something it may not; empty: nothing to note before it is answered."""
    if isinstance(standing, AsksBeyond):
        return "overasked"
    if isinstance(standing, Unregistered) and standing.question is not None:
        return ""  # what they may is still open
    if isinstance(standing, WronglyRegistered) and standing.problem in UNPROVEN:
        return action_of_unproven(standing.problem)
    return "not registered" if may_be_given(standing, query) is None else ""


def action_of_unproven(problem: RegistrationProblem) -> str:
    """What the log calls it where somebody comes under a name that nothing shows to be theirs."""
    return "not looked up" if problem is RegistrationProblem.BARRED_UNKNOWN else "barred"


def outcome_of(standing: Standing) -> str:
    """Why, for engineers."""
    return standing.detail if isinstance(standing, WronglyRegistered) else "refused"


def logged_beyond(
    standing: Standing, query: DcqlQuery, held: tuple[HeldCredential, ...]
) -> tuple[LoggedCredential, ...]:
    """What was asked for and may not be, for the log: names and paths as in other entries."""
    if not isinstance(standing, AsksBeyond):
        return ()
    by_query: dict[str, list[str]] = {}
    for found in standing.beyond:
        paths = by_query.setdefault(found.query_id, [])
        if found.path is not None:
            paths.append(path_text(generalised(found.path)))
    asked = {one.id: one for one in query.credentials}
    return tuple(
        LoggedCredential(
            _document_name(asked[query_id], held, "en"), _type(asked[query_id]), tuple(dict.fromkeys(paths))
        )
        for query_id, paths in by_query.items()
    )


def contacts_of(authority: Contact | None) -> tuple[str, ...]:
    """How somebody is reached, as people read it."""
    return tuple(plain(found) for found in authority or () if found)


def _registration_shown(registration: Entry, asker: str, language: str) -> RegistrationShown:
    return RegistrationShown(
        name=plain(registration.name),
        purpose=plain(in_language(registration.purpose, language), MAX_VALUE),
        privacy_policy=registration.privacy_policy,
        authority=contacts_of(registration.supervisory_authority),
        registered_by=plain(registration.registered_by),
        through=asker if registration.through_intermediary else "",
    )


def things_shown(
    things: tuple[Uncovered, ...], query: DcqlQuery, held: tuple[HeldCredential, ...], language: str
) -> tuple[BeyondShown, ...]:
    """What is asked beyond what somebody said before, by the names that people know."""
    asked = {one.id: one for one in query.credentials}
    shown = [_thing_shown(found.path, asked[found.query_id], held, language) for found in things]
    return tuple(dict.fromkeys(shown))[:MAX_SHOWN]


def _thing_shown(
    path: ClaimPath | None, asked: CredentialQuery, held: tuple[HeldCredential, ...], language: str
) -> BeyondShown:
    document = _document_name(asked, held, language) if any(_held(asked, held)) else ""
    if path is None:
        return BeyondShown(None, "", document)
    kind = generalised(path)
    for credential in _held(asked, held):
        described = credential.described().claims
        for length in range(len(kind), 0, -1):
            if any(description.path == kind[:length] for description in described):
                concrete = tuple(0 if step is None else step for step in kind[:length])
                return BeyondShown(kind, claim_label(concrete, described, language), document)
    return BeyondShown(kind, "", document)


def _document_name(asked: CredentialQuery, held: tuple[HeldCredential, ...], language: str) -> str:
    found = next(_held(asked, held), None)
    return plain(_type(asked)) if found is None else credential_name(found.described(), language)


def _held(asked: CredentialQuery, held: tuple[HeldCredential, ...]) -> Iterator[HeldCredential]:
    return (one for one in held if one.format == asked.format and asked.meta.includes(one.type))


def _type(asked: CredentialQuery) -> str:
    return next(iter(asked.meta.types), asked.id)
