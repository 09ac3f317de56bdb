"""What the user is shown before anything is given away, and which copy it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from enum import StrEnum

from protocol.dcql.match import CandidateMatch, QueryMatch, SetMatch
from protocol.dcql.query import CredentialQuery
from protocol.device_retrieval.question import DEVICE_RETRIEVAL, VerifiedDeviceRequest
from protocol.encoding import JsonObject, encode_json, sha256
from protocol.errors import Conflict, ProtocolError
from protocol.fields import Fields
from protocol.mdoc.transcript import IsoDcApiHandover
from protocol.oid4vci.metadata import CredentialConfiguration
from protocol.oid4vp.dc_api_object import VerifiedDcApiRequest
from protocol.oid4vp.request import DC_API_JWT, DIRECT_POST_JWT, Question
from protocol.oid4vp.request_object import Unauthenticated, VerifiedRequest
from protocol.sovereignty.signing import Organisation
from protocol.trust.anchors import TrustedParty
from protocol.trust.disclosure_policy import DisclosurePolicy, NoRestriction, Outcome, evaluate
from protocol.trust.localized import Localized, in_language, read_register_texts
from wallet.policy.answering_for import NOBODY_ASKED, WhomAsked
from wallet.policy.asking import Entry, Standing, StandingShown, is_unproven, on_behalf_of, registration_of
from wallet.policy.cockpit.disclosed import organisation_key, requesters_of
from wallet.policy.documents import sense_of
from wallet.policy.showing import (
    MAX_VALUE,
    ClaimShown,
    PartyShown,
    claim_label,
    credential_name,
    generalised,
    logged_names,
    party_shown,
    path_text,
    plain,
    unproven,
)
from wallet.records import Copy, HeldCredential, LogEntry, LoggedCredential

# By link, by a page through the browser, or by a reader
AskedRequest = VerifiedRequest | VerifiedDcApiRequest | VerifiedDeviceRequest
_ENCRYPTED = (DIRECT_POST_JWT, DC_API_JWT, DEVICE_RETRIEVAL)


class LogDamaged(Conflict):
    """What is shared now could not be seen in the log afterwards, so nothing is shared until there is a new one."""

    def __init__(self) -> None:
        super().__init__("the log is damaged; nothing was sent")


class Caution(StrEnum):
    """What a user should know before choosing a credential (T174)."""

    SHOWN_BEFORE = "shown_before"  # no fresh copy is left: those who saw it could tell that it is the same
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    EXPIRED = "expired"  # only of what cannot be chosen
    NOT_TRUSTED = "not_trusted"  # likewise
    DAMAGED = "damaged"  # likewise
    NOT_FOR_THEM = "not_for_them"  # whoever gave it wants others to see it, and not who asks
    FOR_WHOM_UNKNOWN = "for_whom_unknown"  # it says for whom it is in a way that is not understood


@dataclass(frozen=True, slots=True)
class ChoiceShown:
    """A credential that answers a question, with exactly what the other side would see of it."""

    held_id: str
    document_id: str  # of the document that it is a form of
    configuration: CredentialConfiguration  # how the document and its claims are called, in all languages
    name: str
    issuer: str
    claims: tuple[ClaimShown, ...]
    cautions: tuple[Caution, ...]
    acts_for: str = ""  # whom the user acts for with it, whether or not the name is among what would be seen
    about: str = ""  # the first name of whom it is about, where that is not the user

    def speaking(self, language: str) -> ChoiceShown:
        """The same in another language."""
        described = self.configuration.claims
        return replace(
            self,
            name=credential_name(self.configuration, language),
            claims=tuple(replace(one, label=claim_label(one.path, described, language)) for one in self.claims),
        )


@dataclass(frozen=True, slots=True)
class QuestionShown:
    """One credential that is asked for, and what is held that answers."""

    query_id: str
    required: bool  # no answer can leave it out
    several: bool  # more than one credential may answer
    choices: tuple[ChoiceShown, ...]


@dataclass(frozen=True, slots=True)
class WayShown:
    """Questions that belong together: one of the options is enough."""

    options: tuple[tuple[str, ...], ...]  # ids of questions, the asker's favourite first
    required: bool


@dataclass(frozen=True, slots=True)
class UnusableShown:
    """Something that is held and cannot be shown to anybody now."""

    name: str
    reason: Caution


@dataclass(frozen=True, slots=True)
class PresentationConsent:
    """What the user decides on: who asks, what for, what they would see, and what to know about it."""

    asker: PartyShown
    standing: StandingShown  # whether they may ask
    purpose: str  # in their own words; empty: they do not say, or it is registered
    encrypted: bool  # on its way, so that nobody else can read it
    questions: tuple[QuestionShown, ...]
    ways: tuple[WayShown, ...]
    answerable: bool
    repeated: bool  # this very request was answered before (T175)
    log_damaged: bool  # whether it was cannot be known, nor could it be seen afterwards that it is now
    unusable: tuple[UnusableShown, ...]
    whom: WhomAsked = NOBODY_ASKED  # for whom the answer is

    @property
    def recipient(self) -> str:
        """Who wants the data: where somebody asks on behalf of somebody else, the latter. Empty: nobody knows."""
        if self.standing.unproven:
            return ""
        registration = self.standing.registration
        return registration.name if registration is not None and registration.through else self.asker.title

    @property
    def needs_thought(self) -> bool:
        """Whether there is something that nobody should say yes to without reading it."""
        warned = any(choice.cautions for question in self.questions for choice in question.choices)
        return warned or self.repeated or self.log_damaged or self.standing.is_odd or not self.asker.trusted_by


def presentation_consent(
    verified: AskedRequest,
    standing: Standing,
    standing_as_shown: StandingShown,
    match: QueryMatch,
    shown: Mapping[tuple[str, str], ChoiceShown],
    *,
    repeated: bool,
    log_damaged: bool,
    unusable: tuple[UnusableShown, ...],
    whom: WhomAsked,
    language: str,
) -> PresentationConsent:
    """Put together what a request asks and what is held; `shown` is by question and credential."""
    request = verified.request
    return PresentationConsent(
        asker=asker_of(verified, standing, language),
        standing=standing_as_shown,
        purpose="" if _has_purpose(standing_as_shown) else purpose_of(request, language),
        encrypted=request.response_mode in _ENCRYPTED,
        questions=tuple(
            QuestionShown(
                query_id,
                query_id in match.required,
                query_id in match.several,
                tuple(shown[query_id, found.candidate.id] for found in matches),
            )
            for query_id, matches in match.matches.items()
        ),
        ways=tuple(WayShown(found.options, found.required) for found in match.sets),
        answerable=match.satisfied and not whom.open,
        repeated=repeated,
        log_damaged=log_damaged,
        unusable=unusable,
        whom=whom,
    )


def told_apart(match: QueryMatch, shown: Mapping[tuple[str, str], ChoiceShown]) -> QueryMatch:
    """A match without options in which nobody sees a difference: the same data of the same documents, in another form.

    Of those the asker's favourite stays, unless another one comes with fewer cautions: which form it is, is not the user's
    trouble. `shown` is by question and credential.
    """
    sets = tuple(SetMatch(_told_apart(found.options, match, shown), found.required) for found in match.sets)
    before, after = _in_options(match.sets), _in_options(sets)
    dropped = before - after
    matches = {query_id: found for query_id, found in match.matches.items() if query_id not in dropped}
    return replace(match, matches=matches, sets=sets)


def _in_options(sets: Iterable[SetMatch]) -> frozenset[str]:
    return frozenset(query_id for found in sets for option in found.options for query_id in option)


def _told_apart(
    options: tuple[tuple[str, ...], ...], match: QueryMatch, shown: Mapping[tuple[str, str], ChoiceShown]
) -> tuple[tuple[str, ...], ...]:
    best: dict[frozenset[tuple[str, frozenset[bytes]]], tuple[int, tuple[str, ...]]] = {}
    for option in options:
        choices = [shown[query_id, one.candidate.id] for query_id in option for one in match.matches[query_id]]
        told = frozenset((one.document_id, frozenset(map(sense_of, one.claims))) for one in choices)
        cautions = sum(len(one.cautions) for one in choices)
        if told not in best or cautions < best[told][0]:
            best[told] = (cautions, option)
    return tuple(option for _, option in best.values())


def asker_shown(verified: AskedRequest, language: str) -> PartyShown:
    """Who asks."""
    party = None if isinstance(verified.party, Unauthenticated) else verified.party
    if isinstance(verified, VerifiedRequest):
        return party_shown(party, str(verified.request.client_id), verified.request.response_uri, language=language)
    if isinstance(verified, VerifiedDeviceRequest):
        handover = verified.request.handover
        if isinstance(handover, IsoDcApiHandover):
            return party_shown(party, verified.request.audience, handover.origin, language=language)
        # Nearby, whom nobody vouches for has no name, no address, and nothing by which they were known again
        identifier = "" if party is None else verified.request.audience
        return replace(party_shown(party, identifier, "", language=language), in_person=True)
    page = verified.request
    return party_shown(party, str(page.client_id or page.audience), page.origin, language=language)


def asker_of(verified: AskedRequest, standing: Standing, language: str) -> PartyShown:
    """Who asks; with whom they ask for, where a registration says that it is somebody else."""
    asker = asker_shown(verified, language)
    if is_unproven(standing):
        return unproven(asker)
    asker = replace(asker, organisation=_organisation(verified, standing))
    principal = on_behalf_of(standing)
    return replace(asker, name=f"{principal} ({asker.name})") if principal else asker


def _organisation(verified: AskedRequest, standing: Standing) -> str:
    """Who gets the data: as registered, or whom the access certificate names."""
    registration = registration_of(standing)
    if registration is not None and registration.certificate is not None:
        says = registration.certificate.says
        return organisation_key(Organisation(says.identifier, says.country))
    if registration is not None and registration.through_intermediary:
        return ""  # a register was asked, which says for whom in words alone
    return organisation_key(next(iter(requesters_of(verified.party)), None))


def _has_purpose(standing: StandingShown) -> bool:
    return standing.registration is not None and bool(standing.registration.purpose)


def purpose_of(request: Question, language: str) -> str:
    """What the asker says the data is for, in a language (TS 119 475 `purpose`); as said, checked by nobody."""
    for info in request.verifier_info:
        if not isinstance(info.data, dict):
            continue  # signed by somebody: what such a thing says counts once it was checked
        try:
            texts = _purposes(info.data)
        except ProtocolError:
            continue
        if texts:
            return plain(in_language(texts, language), MAX_VALUE)
    return ""


def _purposes(data: JsonObject) -> tuple[Localized, ...]:
    said = Fields(data, "verifier_info")
    return read_register_texts(said, "purpose") if "purpose" in said else ()


def request_digest(request: Question) -> str:
    """How a request is known again: by whom an answer is for and its nonce; hex of a hash, so that it tells nothing."""
    return sha256(encode_json([request.audience, request.nonce])).hex()


def is_repeated(digest: str, log: tuple[LogEntry, ...]) -> bool:
    """Whether data was given away for this very request (T175)."""
    return any(entry.request == digest and entry.action == "sharing" for entry in log)


def cautions_of(held: HeldCredential) -> tuple[Caution, ...]:
    """What to know before showing a credential."""
    found: list[Caution] = []
    if held.status == "invalid":
        found.append(Caution.REVOKED)
    if held.status == "suspended":
        found.append(Caution.SUSPENDED)
    if not has_fresh_copy(held):
        found.append(Caution.SHOWN_BEFORE)
    return tuple(found)


def policy_cautions(
    held: HeldCredential, asker: TrustedParty | None, registration: Entry | None
) -> tuple[Caution, ...]:
    """Whether its issuer wants a credential shown to who asks; the user decides all the same (ARF 3.0 EDP_07, EDP_10)."""
    said = held.described().disclosure_policy
    if said is None:
        return ()
    try:
        policy = DisclosurePolicy.from_fields(Fields(said, "disclosure_policy"))
    except ProtocolError:
        return (Caution.FOR_WHOM_UNKNOWN,)
    if registration is not None and registration.through_intermediary and registration.certificate is None:
        # Whom they ask for is known by name alone, and policies want certificates
        return () if isinstance(policy.restriction, NoRestriction) else (Caution.FOR_WHOM_UNKNOWN,)
    if asker is None:
        return () if isinstance(policy.restriction, NoRestriction) else (Caution.NOT_FOR_THEM,)
    return {
        Outcome.PERMITTED: (),
        Outcome.NOT_PERMITTED: (Caution.NOT_FOR_THEM,),
        Outcome.NOT_UNDERSTOOD: (Caution.FOR_WHOM_UNKNOWN,),
    }[evaluate(policy, asker, registration.certificate if registration else None)]


def has_fresh_copy(held: HeldCredential) -> bool:
    """Whether a copy is left that nobody has seen; one that is bound to no key is the same every time anyway."""
    return any(not copy.used_at for copy in held.copies)


def next_copy(held: HeldCredential) -> Copy:
    """The copy to show: one that nobody has seen, else the one that was shown longest ago."""
    return min(held.copies, key=lambda copy: copy.used_at)


def could_answer(asked: CredentialQuery, held: HeldCredential) -> bool:
    """Whether a credential is of a kind that is asked for."""
    return asked.format == held.format and (asked.meta.is_empty or asked.meta.includes(held.type))


def check_same_issuance(held: HeldCredential, seen: Set[str]) -> None:
    """Check that what is given is what the user saw.

    Raises:
        Conflict: the document was renewed meanwhile, and may say something else.
    """
    if held.issuance_of not in seen:
        raise Conflict("this document was just renewed; nothing was sent, please look at it again")


def use_copy(held: HeldCredential, *, told_fresh: bool, now: int) -> tuple[HeldCredential, Copy]:
    """Mark the next copy as shown; the credential as it is then, and the copy.

    Raises:
        Conflict: the user was told that there is a fresh one, and meanwhile it was given to somebody else (T171).
    """
    used = next_copy(held)
    if told_fresh and used.used_at:
        raise Conflict("the last unused copy was just shown to somebody else; nothing was sent, please start again")
    copies = tuple(replace(copy, used_at=now) if copy == used else copy for copy in held.copies)
    return replace(held, copies=copies), used


def logged_choice(query_id: str, found: CandidateMatch, consent: PresentationConsent) -> LoggedCredential:
    """Which claims of which credential are given away, for the log."""
    question = next(question for question in consent.questions if question.query_id == query_id)
    choice = next(choice for choice in question.choices if choice.held_id == found.candidate.id)
    paths = dict.fromkeys(generalised(claim.path) for claim in choice.claims)
    return LoggedCredential(
        choice.name,
        found.candidate.type,
        tuple(path_text(path) for path in paths),
        logged_names(choice.configuration),
    )
