"""Presenting: find out who asks and what would be seen, and give away what the user chose, and no more (OID4VP 1.0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from protocol.dcql.match import CandidateMatch
from protocol.device_retrieval.question import VerifiedDeviceRequest, answerable_part
from protocol.errors import AccessDenied, ProtocolError, Unavailable
from protocol.exchange import Exchange
from protocol.formats import about_subject, format_of, vp_formats
from protocol.holder_binding import KeyBinding
from protocol.keys import SIGNATURE_ALGORITHMS, P256Key
from protocol.oid4vp.answer import Delivered, fetch_request, send_answer, send_error, wallet_metadata
from protocol.oid4vp.link import PlainRequest, RequestLink, read_link
from protocol.oid4vp.request_object import Unauthenticated, VerifiedRequest
from protocol.oid4vp.response import Presentation
from runtime.conversation import slow
from runtime.seal import DamagedError
from wallet.policy.answering_for import aim_of, match_for
from wallet.policy.asking import Lookup, Standing, action_of, may_be_given, registration_of, standing_shown
from wallet.policy.documents import document_id
from wallet.policy.people import Aim, check_one_person
from wallet.policy.presenting import (
    AskedRequest,
    Caution,
    ChoiceShown,
    LogDamaged,
    UnusableShown,
    asker_of,
    asker_shown,
    cautions_of,
    check_same_issuance,
    could_answer,
    has_fresh_copy,
    is_repeated,
    logged_choice,
    next_copy,
    policy_cautions,
    presentation_consent,
    request_digest,
    told_apart,
    use_copy,
)
from wallet.policy.representing import about_whom, acts_for, marks_of, named_with_whom
from wallet.policy.services.noting import NotedShown, sent_along
from wallet.policy.showing import PartyShown, claims_shown, credential_name, plain
from wallet.records import Copy, HeldCredential, LogEntry
from wallet.service.asking import Asking
from wallet.service.cockpit.disclosing import Disclosing, cockpit_key
from wallet.service.context import WalletContext
from wallet.service.given import Begun, Shared
from wallet.service.people import people_of
from wallet.service.seen import RequestSeen
from wallet.service.usable import Usable, find_usable, verify_held
from wallet.store import NewEntry

VP_FORMATS = vp_formats(SIGNATURE_ALGORITHMS, SIGNATURE_ALGORITHMS)
DENIED = "nothing is presented"  # the same whether the user says no or has nothing: refusal looks like absence


@dataclass(frozen=True, slots=True)
class Presenting:
    """Everything between a request and an answer."""

    context: WalletContext

    def look(self, link: str) -> Exchange[RequestSeen]:
        """Find out who asks for what, and what is held that answers. Nothing is given away.

        Raises:
            InvalidRequest: the request is not to be answered; see `fetch_request`.
            InvalidTransactionData: it asks to authorise something that this wallet does not understand.
            Unreachable: the request cannot be had.
        """
        context = self.context
        request_link = read_link(link)
        yield from context.renew_trust()
        try:
            verified = yield from fetch_request(
                request_link,
                anchors=context.anchors(),
                policy=context.request_policy,
                wallet_nonce=context.new_secret(),
                metadata=wallet_metadata(VP_FORMATS, context.request_policy.prefixes),
                now=context.now(),
            )
        except ProtocolError as error:
            # Nobody is known yet; what the link says of itself is all there is to note
            party = PartyShown("", "", plain(_claimed_client(request_link)), "")
            yield from context.save(note=context.entry("failed", party, plain(error.description)))
            raise
        return (yield from self.consider(verified))

    def consider(
        self, verified: AskedRequest, lookup: Lookup = Lookup.NEEDED, *, aim: Aim | None = None
    ) -> Exchange[RequestSeen]:
        """Find out whether who asks may, and what is held that answers; a request that may not be made is noted.

        `aim`: for whom the plan is that it belongs to. Only what is about them is offered then, and nobody is told.

        Raises:
            ProtocolError: it cannot be matched with what is held; the log says so.
        """
        context = self.context
        asker = asker_shown(verified, context.language)
        try:
            asking = Asking(context)
            standing = yield from asking.standing(verified, lookup)
            asker = asker_of(verified, standing, context.language)
            yield from asking.record(verified, standing)
            return (yield from self._match(verified, standing, aim, planned=aim is not None))
        except ProtocolError as error:
            yield from context.save(note=context.entry("failed", asker, plain(error.description)))
            raise

    def ask_register(self, seen: RequestSeen) -> Exchange[RequestSeen]:
        """Ask the register that whoever asks names, because the user said so: the register learns whom they meet.

        What comes back is the same request as it stands then; nothing is given away. Without an answer it is as before.
        """
        asking = Asking(self.context)
        standing = yield from asking.ask(seen.verified, seen.standing)
        yield from asking.record(seen.verified, standing)
        return (yield from self._match(seen.verified, standing, seen.aim, planned=seen.planned))

    def answer_for(self, seen: RequestSeen, choice: str) -> Exchange[RequestSeen]:
        """The same request with what belongs together for somebody, by the id of an option of the consent.

        Raises:
            InvalidRequest: this is none of the options.
        """
        aim = aim_of(seen.consent.whom, choice, people_of(self.context.store))
        return (yield from self._match(seen.verified, seen.standing, aim))

    def look_again(self, seen: RequestSeen) -> Exchange[RequestSeen]:
        """What is held now that answers the same request, in the language of this wallet. Nobody is asked for it again."""
        return (yield from self._match(seen.verified, seen.standing, seen.aim, planned=seen.planned))

    def share(
        self, seen: RequestSeen, choice: Mapping[str, Sequence[str]], noted: Sequence[NotedShown] = ()
    ) -> Exchange[Shared]:
        """Give away what was chosen: for each question the ids of credentials, as the consent names them.

        The copies are marked as shown, and the log says so, before anything leaves: after a crash they count as shown
        (T171). `noted` are answers of a plan that the user ticked, for the form of the service.

        Raises:
            AccessDenied: nothing that is held answers.
            InvalidRequest: the choice does not answer what was asked, or mixes people; nothing was sent.
            LogDamaged: it could not be seen afterwards; nothing was sent.
            Conflict: a copy that the user was told is fresh was used meanwhile; nothing was sent.
            KeyUnavailable: the keys are away; nothing was sent.
        """
        context = self.context
        verified = _by_link(seen)
        begun = yield from self.begin(seen, choice, tuple([one.title for one in noted]))
        disclosing = Disclosing(context)
        try:
            disclosure = yield from disclosing.promise(seen, choice, begun)
            delivery = yield from send_answer(
                verified,
                begun.vp_token,
                ephemeral=P256Key.fresh(),
                random_bytes=context.random_bytes,
                cockpit_key=cockpit_key(disclosure),
                answers=sent_along(noted),
            )
        except ProtocolError as error:
            yield from self.fail(seen, begun, error)
            raise
        yield from self.finish(seen, begun, "done" if isinstance(delivery, Delivered) else "unknown")
        yield from disclosing.arrived(disclosure, delivery.receipt)
        return Shared(delivery, begun.log_number)

    def begin(
        self, seen: RequestSeen, choice: Mapping[str, Sequence[str]], noted: tuple[str, ...] = ()
    ) -> Exchange[Begun]:
        """Make the answer, as `share` says; from here on it counts as seen. `finish` or `fail` says what became of it.

        Raises:
            ProtocolError: as `share` says; nothing was made.
        """
        context = self.context
        chosen = seen.match.choose(choice)
        if self._log() is None:
            raise LogDamaged
        logged = tuple(
            logged_choice(query_id, found, seen.consent) for query_id, items in chosen.items() for found in items
        )
        held = context.store.credentials()
        ids = {found.candidate.id for items in chosen.values() for found in items}
        shown = [one for one in held if one.id in ids]
        check_one_person(shown, people_of(context.store))
        acting = marks_of(shown, held, context.random_bytes)
        who = seen.consent.asker
        note = context.entry("sharing", who, "begun", logged, request=seen.digest, acting=acting, noted=noted)
        self._check_keys(chosen)
        begun, copies = yield from self._use_copies(seen, chosen, note)
        try:
            vp_token = {
                query_id: tuple([self._present(seen.verified, query_id, found, copies) for found in items])
                for query_id, items in chosen.items()
            }
        except ProtocolError as error:
            yield from self.fail(seen, Begun({}, logged, begun.number), error)
            raise
        yield from Asking(context).given(seen)
        return Begun(vp_token, logged, begun.number)

    def fail(self, seen: RequestSeen, begun: Begun, error: ProtocolError) -> Exchange[None]:
        """Note that an answer did not leave, and why."""
        yield from Disclosing(self.context).withdraw(begun)
        note = self.context.entry("failed", seen.consent.asker, plain(error.description), completes=begun.log_number)
        yield from self.context.save(note=note)

    def finish(self, seen: RequestSeen, begun: Begun, outcome: str) -> Exchange[None]:
        """Note that an answer left: `done`, or `unknown`."""
        note = self.context.entry(
            "shared", seen.consent.asker, outcome, begun.logged, request=seen.digest, completes=begun.log_number
        )
        # It left and cannot be called back. Where its end cannot be written any more, as in a vault that was closed
        # meanwhile, the log says that it was begun, which counts as seen
        with suppress(Unavailable):
            yield from self.context.save(note=note)

    def decline(self, seen: RequestSeen) -> Exchange[str | None]:
        """Nothing is given away, because the user says no or nothing fits: the asker cannot tell which (T168).

        What comes back is where the asker wants the user to go on, as `Shared.redirect_uri`.
        """
        verified = _by_link(seen)
        yield from self.note_decline(seen)
        if not isinstance(verified.party, Unauthenticated):
            delivery = yield from send_error(verified, AccessDenied(DENIED))
            return delivery.redirect_uri if isinstance(delivery, Delivered) else None
        return None

    def note_decline(self, seen: RequestSeen) -> Exchange[None]:
        """Note that nothing is given away."""
        # Where nothing may be given, the log says so since that was known
        answerable = seen.consent.standing.answerable
        if answerable or not action_of(seen.standing, seen.verified.request.dcql_query):
            outcome = "refused" if seen.match.satisfied or not answerable else "nothing held answers"
            note = self.context.entry("declined", seen.consent.asker, outcome, request=seen.digest)
            yield from Asking(self.context).declined(seen, note)

    def _match(
        self, verified: AskedRequest, standing: Standing, aim: Aim | None = None, *, planned: bool = False
    ) -> Exchange[RequestSeen]:
        context = self.context
        query = verified.request.dcql_query
        usable = yield from find_usable(context)
        allowed = may_be_given(standing, query)
        if allowed is not None and isinstance(verified, VerifiedDeviceRequest):
            allowed = answerable_part(allowed, usable.candidates)
        # T170: what may not be given is matched with nothing, so that no choice could ever have it
        candidates = [] if allowed is None else usable.candidates
        people = people_of(context.store)
        matched = match_for(allowed or query, candidates, usable.held, people, aim, planned=planned)
        match = matched.match
        shown: dict[tuple[str, str], ChoiceShown] = {}
        for query_id, matches in match.matches.items():
            for found in matches:
                choice = yield from self._choice_shown(usable, found, verified, standing)
                shown[query_id, found.candidate.id] = choice
        match = told_apart(match, shown)
        digest, log = request_digest(verified.request), self._log()
        held = context.store.credentials()
        others = [usable.held[one] for one in matched.whom.left_out]
        left_out = tuple(dict.fromkeys([named_with_whom(one, held, context.language) for one in others]))
        consent = presentation_consent(
            verified,
            standing,
            standing_shown(standing, query, held, asker_shown(verified, context.language).title, context.language),
            match,
            shown,
            repeated=log is not None and is_repeated(digest, log),
            log_damaged=log is None,
            unusable=tuple(
                UnusableShown(credential_name(held.described(), context.language), caution)
                for held, caution in usable.unusable
                if any(could_answer(asked, held) for asked in query.credentials)
            )
            + tuple(UnusableShown("", Caution.DAMAGED) for _ in context.store.damaged()),
            whom=replace(matched.whom, left_out=left_out),
            language=context.language,
        )
        fresh = frozenset([held.id for held in usable.held.values() if has_fresh_copy(held)])
        seen = frozenset([held.issuance_of for held in usable.held.values()])
        return RequestSeen(verified, standing, match, consent, fresh, seen, digest, matched.aim, planned)

    def _choice_shown(
        self, usable: Usable, found: CandidateMatch, verified: AskedRequest, standing: Standing
    ) -> Exchange[ChoiceShown]:
        """What the other side would see: made, taken apart again and read, so that nothing travels unseen (T169)."""
        held = usable.held[found.candidate.id]
        presented = format_of(held.format).present(usable.copies[held.id].raw, found.paths, None)
        seen = yield from verify_held(self.context, held, presented)
        configuration = held.described()
        return ChoiceShown(
            held_id=held.id,
            document_id=document_id(held),
            configuration=configuration,
            name=credential_name(configuration, self.context.language),
            issuer=held.issuer_name,
            claims=claims_shown(
                about_subject(seen.format, seen.claims),
                configuration.claims,
                self.context.language,
                asked=[claim.query.path for claim in found.claims],
                binary=seen.binary,
            ),
            cautions=(
                *cautions_of(held),
                *policy_cautions(
                    held,
                    None if isinstance(verified.party, Unauthenticated) else verified.party,
                    registration_of(standing),
                ),
            ),
            acts_for=acts_for(held),
            about=about_whom(held, usable.held.values()),
        )

    def _use_copies(
        self, seen: RequestSeen, chosen: Mapping[str, Sequence[CandidateMatch]], note: NewEntry
    ) -> Exchange[tuple[LogEntry, dict[str, Copy]]]:
        """One copy of each chosen credential, marked as shown and durable before it is used."""
        ids = list(dict.fromkeys(found.candidate.id for items in chosen.values() for found in items))
        copies: dict[str, Copy] = {}

        def step(credentials: tuple[HeldCredential, ...]) -> list[HeldCredential]:
            changed = []
            for held in credentials:
                check_same_issuance(held, seen.issuances)
                marked, copies[held.id] = use_copy(held, told_fresh=held.id in seen.fresh, now=self.context.now())
                changed.append(marked)
            return changed

        begun = yield from slow(lambda: self.context.store.change(ids, step, note))
        if begun is None:
            raise TypeError("a change with a note makes an entry")
        return begun, copies

    def _check_keys(self, chosen: Mapping[str, Sequence[CandidateMatch]]) -> None:
        """Before any copy is marked: what cannot be signed for is not used up."""
        wanted = {found.candidate.id for items in chosen.values() for found in items}
        held = [one for one in self.context.store.credentials() if one.id in wanted]
        self.context.keys.check([key for one in held if (key := next_copy(one).key)])

    def _present(
        self, verified: AskedRequest, query_id: str, found: CandidateMatch, copies: Mapping[str, Copy]
    ) -> Presentation:
        request = verified.request
        copy = copies[found.candidate.id]
        asked = next(query for query in request.dcql_query.credentials if query.id == query_id)
        # OID4VP §6.1: a signature of the holder only where it is asked, because it proves more than the data;
        # HAIP 1.0 §6.1.1.1 wants it with everything that is bound to a key
        known = format_of(found.candidate.format)
        is_bound = asked.holder_binding or known.always_bound or (self.context.haip and bool(copy.key))
        binding = (
            KeyBinding(
                self.context.keys.signer(copy.key),
                request.audience,
                request.nonce,
                self.context.now(),
                handover=request.handover,
            )
            if is_bound
            else None
        )
        return known.present(copy.raw, found.paths, binding)

    def _log(self) -> tuple[LogEntry, ...] | None:
        """Everything that happened; None if it cannot be believed."""
        try:
            return self.context.store.log()
        except DamagedError:
            return None


def _by_link(seen: RequestSeen) -> VerifiedRequest:
    if not isinstance(seen.verified, VerifiedRequest):
        raise TypeError("a page is answered through its browser")
    return seen.verified


def _claimed_client(link: RequestLink) -> str:
    return str(link.request.client_id if isinstance(link, PlainRequest) else link.client_id)
