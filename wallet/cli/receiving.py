"""`hoheit wallet receive`: the two questions of receiving, and the login in the browser between them."""

from __future__ import annotations

import typer

from protocol.errors import AccessDenied
from wallet.cli.browser import LoginListener
from wallet.cli.options import OpenBrowser
from wallet.cli.session import OpenSession
from wallet.policy.documents import documents_of
from wallet.policy.receiving import ArrivedShown, OfferConsent
from wallet.records import PendingIssuance
from wallet.service.issuance import Arrived, OfferSeen


def receive_offer(session: OpenSession, link: str, tx_code: str | None, open_browser: OpenBrowser) -> None:
    """From a link to a kept credential."""
    wallet = session.wallet
    seen = session.run(wallet.receiving.look(link))
    _show_offer(session, seen.consent)
    if not _agreed(session, seen):
        session.run(wallet.receiving.decline(seen))
        session.refuse()
    if seen.consent.needs_login:
        pending = _log_in(session, seen, open_browser)
    else:
        pending = session.run(wallet.receiving.take(seen, _tx_code(session, seen.consent, tx_code)))
    _finish(session, session.run(wallet.receiving.fetch(pending, seen.contact)))


def go_on(session: OpenSession, pending: PendingIssuance) -> None:
    """Go on with what was begun and cut off."""
    words = session.words
    session.say(words("Going on with what was begun on %(day)s.", day=words.day(pending.begun_at)))
    _finish(session, session.run(session.wallet.receiving.fetch(pending)))


def _show_offer(session: OpenSession, consent: OfferConsent) -> None:
    words = session.words
    issuer = consent.issuer
    session.say(words("%(who)s offers you something for your wallet.", who=issuer.title), "bold")
    if issuer.trusted_by:
        session.say(words.trust(issuer))
        session.say(words("Address: %(host)s", host=issuer.host))
    else:
        session.warn(f"{issuer.host}\n{words.trust(issuer)}")
        if issuer.calls_itself:
            session.say(words("They call themselves: %(name)s (not checked)", name=issuer.calls_itself))
    if consent.registered is not None:
        session.say(words("%(who)s is registered to give you this.", who=consent.registered.name))
    for offered in consent.credentials:
        session.say()
        session.say(f"• {offered.name}", "bold")
        if offered.description:
            session.say(f"  {offered.description}")
        if offered.claims:
            session.say("  " + words("What is in it: %(claims)s", claims=", ".join(offered.claims)))
    for name in consent.left_out:
        session.say(words("This wallet cannot take: %(name)s", name=name))


def _agreed(session: OpenSession, seen: OfferSeen) -> bool:
    words = session.words
    if session.yes:
        if not seen.consent.issuer.trusted_by and not session.settings.automatic_consent:
            raise AccessDenied("nobody you trust vouches for this issuer, so a person has to decide; leave out --yes")
        return True
    keys = {words("y"): words("Yes, get it"), words("n"): words("No")}
    return session.choose(words("Do you want this?"), keys) == words("y")


def _tx_code(session: OpenSession, consent: OfferConsent, given: str | None) -> str | None:
    if consent.tx_code is None or given is not None:
        return given
    words = session.words
    session.say()
    # T157: whoever gets the code can get the credential, so the host stands beside the question
    session.say(
        words("You need the code that came to you on another way. It goes to: %(host)s", host=consent.issuer.host)
    )
    typed: str = typer.prompt(words("Code"), err=session.options.as_json)
    return typed


def _log_in(session: OpenSession, seen: OfferSeen, open_browser: OpenBrowser) -> PendingIssuance:
    words = session.words
    page = LoginListener(
        language=session.settings.language,
        title=words("You are logged in"),
        text=words("Please go back to your wallet. You can close this page."),
    )
    with page as listener:
        begun = session.run(session.wallet.login.begin(seen, listener.redirect_uri))
        session.say(words("Please log in with %(who)s in your browser.", who=seen.consent.issuer.title))
        session.say(words("If no page opens, copy this address: %(url)s", url=begun.url))
        open_browser(begun.url)
        returned = listener.wait()
    return session.run(session.wallet.login.finish(seen, begun, returned))


def _finish(session: OpenSession, arrived: Arrived) -> None:
    words = session.words
    wallet = session.wallet
    for failed in arrived.failed:
        text = (
            words("One form of %(name)s was not kept: %(reason)s", name=failed.name, reason=failed.reason)
            if failed.partly
            else words("%(name)s was not kept: %(reason)s", name=failed.name, reason=failed.reason)
        )
        session.warn(text)
    if not arrived.documents:
        session.answer({"received": [], "failed": _failed(arrived)})
        raise typer.Exit(1)
    for item in arrived.documents:
        _show_arrived(session, item.shown)
    if not session.yes:
        keys = {words("k"): words("Keep"), words("n"): words("Do not keep")}
        if session.choose(words("Is this right, and do you want to keep it?"), keys) != words("k"):
            session.run(wallet.receiving.reject(arrived))
            session.refuse()
    held = session.run(wallet.receiving.keep(arrived))
    shown = [wallet.keeping.shown(document) for document in documents_of(held)]
    session.answer(
        {
            "received": [
                {
                    "id": item.id,
                    "name": item.name,
                    "type": item.type,
                    "issuer": item.issuer.name,
                    "copies": sum(form.copies for form in item.forms),
                    "forms": [{"id": form.id, "type": form.type, "copies": form.copies} for form in item.forms],
                }
                for item in shown
            ],
            "failed": _failed(arrived),
        },
        words("It is in your wallet now: %(names)s", names=", ".join(item.name for item in shown)),
    )


def _failed(arrived: Arrived) -> list[dict[str, str]]:
    return [{"name": failed.name, "reason": failed.reason} for failed in arrived.failed]


def _show_arrived(session: OpenSession, shown: ArrivedShown) -> None:
    words = session.words
    session.say()
    session.say(words("%(name)s, from %(who)s", name=shown.name, who=shown.issuer.title), "bold")
    session.say(words.trust(shown.issuer))
    for claim in shown.claims:
        session.say(f"  {words.claim(claim)}")
    if shown.expires_at:
        session.say(words("Good until %(day)s.", day=words.day(shown.expires_at)))
    for form in shown.forms:
        if form.copies > 1:
            copies = words.count(
                "You get %(count)s copy, to show it once without being recognised.",
                "You get %(count)s copies, to show it that often without being recognised.",
                form.copies,
            )
            session.say(f"{words.form(in_person=form.in_person)}: {copies}" if len(shown.forms) > 1 else copies)
