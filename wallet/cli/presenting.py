"""`hoheit wallet present`: who asks, what they would see, what to choose, and yes or no."""

from __future__ import annotations

from collections.abc import Callable

from protocol.errors import AccessDenied
from protocol.oid4vp.answer import Delivered
from wallet.cli.session import OpenSession
from wallet.policy.presenting import ChoiceShown, PresentationConsent, QuestionShown
from wallet.service.seen import RequestSeen
from wallet.service_words import ServiceWords

Choice = dict[str, tuple[str, ...]]


def present_to(session: OpenSession, link: str) -> None:
    """From a link to an answer, or to a refusal."""
    wallet, words = session.wallet, session.words
    seen = session.run(wallet.presenting.look(link))
    seen, choice = decide(session, seen, lambda one: session.run(wallet.presenting.decline(one)))
    shared = session.run(wallet.presenting.share(seen, choice))
    arrived = isinstance(shared.delivery, Delivered)
    session.answer(
        {
            "shared": "done" if arrived else "unknown",
            "redirect_uri": shared.redirect_uri,
            "log": shared.log_number,
        },
        outcome_in_words(session, arrived=arrived),
    )
    if shared.redirect_uri is not None and not session.options.as_json:
        session.say(words("They ask you to go on here: %(url)s", url=shared.redirect_uri))


def decide(
    session: OpenSession, seen: RequestSeen, decline: Callable[[RequestSeen], object]
) -> tuple[RequestSeen, Choice]:
    """Show who asks for what, and have the user choose; what they agreed to. `decline` tells the other side that they did not.

    Raises:
        AccessDenied: nothing may or can be shared, or somebody has to look at it first.
    """
    wallet, words = session.wallet, session.words
    consent = seen.consent
    show_asker(session, consent)
    while consent.standing.register and not session.yes and _wants_register(session, consent):
        seen = session.run(wallet.presenting.ask_register(seen))
        consent = seen.consent
        if consent.standing.unanswered:
            session.warn(words.register_silent())
        else:
            show_asker(session, consent)
    if not consent.standing.answerable:
        session.say(words("So your wallet passes on nothing."))
        decline(seen)
        raise AccessDenied("whoever asks may not ask for this")
    if consent.whom.open:
        seen = _for_whom(session, seen, decline)
        consent = seen.consent
    if not consent.answerable:
        session.say(words("You have nothing in your wallet that answers. Nothing was given away."))
        decline(seen)
        raise AccessDenied("nothing that is held answers this request")
    choice = _chosen_without_asking(session, seen) if session.yes else _choose(session, seen)
    if choice is None:
        decline(seen)
        session.refuse()
    return seen, choice


def _for_whom(session: OpenSession, seen: RequestSeen, decline: Callable[[RequestSeen], object]) -> RequestSeen:
    """Have the user say for whom they answer, so that only what belongs together is offered."""
    if session.yes:
        raise AccessDenied("for whom the answer is, a person has to decide; leave out --yes")
    say, options = ServiceWords(session.words), seen.consent.whom.options
    labels = [*[say.whom(one.id, one.name) for one in options], session.words("Do not share")]
    picked = session.choose_number(session.words("For whom do you answer?"), labels)
    if picked == len(options):
        decline(seen)
        session.refuse()
    return session.run(session.wallet.presenting.answer_for(seen, options[picked].id))


def outcome_in_words(session: OpenSession, *, arrived: bool) -> str:
    """What became of an answer that left."""
    if arrived:
        return session.words("Done. You find this in your log.")
    return session.words(
        "It was sent, but we do not know whether it arrived. Count it as seen. You find this in your log."
    )


def show_asker(session: OpenSession, consent: PresentationConsent) -> None:
    """Who asks, whether they may, and what for."""
    words = session.words
    asker = consent.asker
    session.say(words("%(who)s asks you for data.", who=consent.recipient or words("Somebody")), "bold")
    if asker.trusted_by:
        session.say(words.trust(asker))
    else:
        session.warn(words.trust(asker))
    _show_standing(session, consent)
    registration = consent.standing.registration
    if registration is not None and registration.purpose:
        session.say(words("They registered what for: %(purpose)s", purpose=registration.purpose))
    elif consent.purpose:
        session.say(words("They say what for: %(purpose)s", purpose=consent.purpose))
    else:
        session.say(words("They do not say what for."))
    if asker.in_person:
        session.say(words("The data goes to whoever scanned your code, and to nobody else."))
    else:
        session.say(words("The data goes to: %(host)s", host=asker.host))
    if consent.repeated:
        session.warn(words("You answered this very request before. A second answer is unusual."))
    for item in consent.unusable:
        session.say(
            words("Not usable: %(name)s %(why)s", name=item.name or words("something"), why=words.caution(item.reason))
        )


def _wants_register(session: OpenSession, consent: PresentationConsent) -> bool:
    """Whether the register is to be asked: only a person decides that, and each time anew."""
    words = session.words
    keys = {words("a"): words("Ask the register"), words("n"): words("Do not ask")}
    question = words.register_learns(consent.standing.register, consent.asker.title)
    return session.choose(question, keys) == words("a")


def _show_standing(session: OpenSession, consent: PresentationConsent) -> None:
    """Whether they may ask what they ask."""
    words, standing = session.words, consent.standing
    who = consent.asker.title or words("Somebody")
    registration = standing.registration
    if standing.unchecked:
        session.warn(words.unchecked(who))
    if registration is not None and registration.through:
        session.say(words("%(who)s asks on behalf of %(whom)s.", who=registration.through, whom=registration.name))
    if standing.problem is not None:
        session.warn(words.registration_problem(standing.problem, consent.asker.calls_itself or who))
    elif standing.unregistered:
        session.warn(words("%(who)s does not show that they are registered to ask for data.", who=who))
    elif registration is not None and standing.beyond:
        session.warn(words.asks_beyond(standing.beyond, registration.name))
    elif registration is not None:
        session.say(words.registered_for(standing.asks_for, registration.name))
    if registration is not None:
        session.say(words("How they handle your data: %(url)s", url=registration.privacy_policy))
        if registration.authority:
            contact = ", ".join(registration.authority)
            session.say(words("Who watches over them: %(contact)s", contact=contact))


def _chosen_without_asking(session: OpenSession, seen: RequestSeen) -> Choice:
    if seen.consent.needs_thought and not session.settings.automatic_consent:
        raise AccessDenied("there is something about this request that a person has to decide; leave out --yes")
    choice = seen.default_choice()
    if not choice:
        raise AccessDenied("everything here is optional, so a person has to decide; leave out --yes")
    return choice


def _choose(session: OpenSession, seen: RequestSeen) -> Choice | None:
    """What the user gives; None: nothing."""
    words = session.words
    choice = pick(session, seen)
    if choice is None:
        return None
    show_choice(session, seen.consent, choice)
    keys = {words("s"): words("Share"), words("n"): words("Do not share")}
    agreed = session.choose(words("Do you want to share exactly this?"), keys) == words("s")
    return choice if agreed else None


def pick(session: OpenSession, seen: RequestSeen) -> Choice | None:
    """What the user picks where there is something to pick; None: nothing. Nothing that is optional is chosen for them."""
    words, consent = session.words, seen.consent
    questions = {question.query_id: question for question in consent.questions}
    choice: Choice = {}
    for way in consent.ways:
        if not way.options:
            continue
        option = way.options[0]
        if len(way.options) > 1:
            labels = [_option_label(session, questions, option) for option in way.options]
            skip = [] if way.required else [words("Nothing of this")]
            picked = session.choose_number(words("One of these is enough. Which one?"), [*labels, *skip])
            if picked == len(way.options):
                continue
            option = way.options[picked]
        elif not way.required:
            keys = {words("y"): words("Yes, this too"), words("n"): words("No, not this")}
            for query_id in option:
                _show_question(session, questions[query_id])
            if session.choose(words("This is optional. Do you want to show it?"), keys) != words("y"):
                continue
        for query_id in option:
            if query_id not in choice:
                choice[query_id] = _choose_credential(session, questions[query_id])
    return choice or None


def _choose_credential(session: OpenSession, question: QuestionShown) -> tuple[str, ...]:
    choices = question.choices
    if len(choices) == 1:
        return (choices[0].held_id,)
    _show_question(session, question)
    labels = [_label(session, choice) for choice in choices]
    picked = session.choose_number(session.words("Several fit. Which one do you want to show?"), labels)
    return (choices[picked].held_id,)


def _option_label(session: OpenSession, questions: dict[str, QuestionShown], option: tuple[str, ...]) -> str:
    parts = []
    for query_id in option:
        choice = questions[query_id].choices[0]
        data = ", ".join(session.words.claim(claim) for claim in choice.claims)
        parts.append(f"{choice.name} ({data})")
    return " + ".join(parts)


def _label(session: OpenSession, choice: ChoiceShown) -> str:
    words = session.words
    cautions = [words.caution(caution) for caution in choice.cautions]
    acting = [words("You act for %(whom)s.", whom=choice.acts_for)] if choice.acts_for else []
    name = f"{choice.name} ({choice.about})" if choice.about else choice.name
    return " · ".join([f"{name}, {choice.issuer}", *acting, *cautions])


def _show_question(session: OpenSession, question: QuestionShown) -> None:
    for number, choice in enumerate(question.choices, 1):
        session.say()
        session.say(f"{number}  {_label(session, choice)}", "bold")
        _show_claims(session, choice)


def show_choice(session: OpenSession, consent: PresentationConsent, choice: Choice) -> None:
    """Exactly what the other side sees."""
    words = session.words
    session.say()
    session.say(words("They would see this, and nothing else:"), "bold")
    for question in consent.questions:
        for held_id in choice.get(question.query_id, ()):
            picked = next(found for found in question.choices if found.held_id == held_id)
            session.say()
            kind = words("required") if question.required else words("chosen by you")
            session.say(f"{picked.name}, {picked.issuer} ({kind})", "bold")
            if picked.acts_for:
                session.say("  " + words("You act for %(whom)s.", whom=picked.acts_for), "bold")
            for caution in picked.cautions:
                session.warn(f"{picked.name} {words.caution(caution)}.")
            _show_claims(session, picked)


def _show_claims(session: OpenSession, choice: ChoiceShown) -> None:
    words = session.words
    if not choice.claims:
        session.say("  " + words("Only that you have it."))
    for claim in choice.claims:
        note = "" if claim.asked else "  " + words("(not asked for, but it cannot be left out)")
        session.say(f"  {words.claim(claim)}{note}")
