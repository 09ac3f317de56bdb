"""From an offer to a document in the wallet: who offers what, the code for it, what came, keep or not."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote, urlsplit

from fastapi import Response

from protocol.errors import InvalidRequest, NotFound, ProtocolError, Unavailable, Unreachable
from protocol.oid4vci.client import IssuerRefused
from protocol.oid4vci.obtain import IssuerContact
from runtime.routes import Router
from wallet.policy.receiving import OfferConsent
from wallet.policy.showing import plain
from wallet.policy.vouching import NotVouched, ProviderAway, unvouched
from wallet.records import PendingIssuance
from wallet.service.issuance import OfferSeen
from wallet.service.keeping import HeldShown
from wallet.web.locked import WhenLocked
from wallet.web.room import Inside, Visit, redirect
from wallet.web.shelf import AtWork, Gone
from wallet.web.things import ArrivedWaiting, CutOff, Kept, LoginOver, LoginWaiting, NotTaken, OfferWaiting


def receiving_pages() -> Router:
    """Every page of receiving."""
    router = Router(include_in_schema=False)
    _add_pending(router)
    _add_offer(router)
    _add_arrived(router)
    return router


def page_of(number: str) -> str:
    """Where one sees how it stands with something that is received."""
    return f"/receive/{quote(number, safe='')}"


def read_answer(form: dict[str, str]) -> bool:
    """Yes or no, as a button says it.

    Raises:
        InvalidRequest: neither.
    """
    answer = form.get("answer", "")
    if answer not in ("yes", "no"):
        raise InvalidRequest("the form says neither yes nor no")
    return answer == "yes"


async def fetch_into(
    visit: Visit, number: str, pending: PendingIssuance, contact: IssuerContact | None = None
) -> Response:
    """Fetch what is wanted. What comes, or that it could not be fetched, lies on the shelf under this number then."""
    visit.shelf.replace(number, AtWork(page_of(number), pending.id))
    try:
        arrived = await visit.run(visit.wallet.receiving.fetch(pending, contact), WhenLocked.WAITS, WhenLocked.WAITS)
    except Unavailable:
        raise
    except ProtocolError as error:
        cut_off = CutOff(pending.id, isinstance(error, Unreachable), error.description, unvouched(error))
        visit.shelf.replace(number, cut_off)
        return redirect(f"/receive/pending/{pending.id}")
    visit.shelf.replace(number, ArrivedWaiting(arrived))
    return redirect(f"{page_of(number)}/arrived")


def refused(visit: Visit, number: str, error: ProtocolError) -> Response:
    """The office cannot be reached, or said no; the offer waits where it was."""
    spent = isinstance(error, IssuerRefused) and error.reason == "invalid_grant"
    return visit.page(
        "receive_refused.html", status=error.status, back=page_of(number), spent=spent,
        away=isinstance(error, Unreachable), detail=error.description, why=unvouched(error),
    )  # fmt: skip


def _add_offer(router: Router) -> None:
    @router.get("/receive/{number}")
    async def stand(number: str, visit: Inside) -> Response:
        return _stand(visit, number)

    @router.post("/receive/{number}")
    async def answer(number: str, visit: Inside) -> Response:
        yes, again = read_answer(await visit.form()), WhenLocked.SCAN_AGAIN
        if yes and visit.shelf.look(number, OfferWaiting).seen.consent.tx_code is not None:
            return redirect(f"{page_of(number)}/code")
        try:
            with visit.shelf.answering(number, OfferWaiting, page_of(number)) as offer:
                if yes:
                    return await _take(visit, number, offer.seen, None)
                await visit.run(visit.wallet.receiving.decline(offer.seen), again, again)
                visit.shelf.replace(number, NotTaken(offer.seen.consent.issuer))
        except (IssuerRefused, NotVouched, Unreachable) as error:
            return refused(visit, number, error)
        return redirect(page_of(number))

    @router.get("/receive/{number}/code")
    async def code_page(number: str, visit: Inside) -> Response:
        return _code_page(visit, number)

    @router.post("/receive/{number}/code")
    async def code(number: str, visit: Inside) -> Response:
        typed = (await visit.form()).get("tx_code", "")
        try:
            with visit.shelf.answering(number, OfferWaiting, page_of(number)) as offer:
                return await _take(visit, number, offer.seen, typed)
        except (NotVouched, ProviderAway) as error:
            return refused(visit, number, error)
        except Unreachable:
            return _code_page(visit, number, "away", 502)
        except IssuerRefused as error:
            if error.reason != "invalid_grant":
                return refused(visit, number, error)
            waiting = visit.shelf.look(number, OfferWaiting)
            visit.shelf.replace(number, OfferWaiting(waiting.seen, waiting.wrong_codes + 1))
            return _code_page(visit, number, "wrong", 400)
        except InvalidRequest:
            return _code_page(visit, number, "length", 400)


async def _take(visit: Visit, number: str, seen: OfferSeen, code: str | None) -> Response:
    pending = await visit.run(visit.wallet.receiving.take(seen, code), WhenLocked.SPENT, WhenLocked.WAITS)
    return await fetch_into(visit, number, pending, seen.contact)


def _stand(visit: Visit, number: str) -> Response:
    """How it stands, whatever it is by now: a second tab and the back button end here."""
    thing = visit.shelf.look(number, object)
    match thing:
        case AtWork():
            return visit.page("at_work.html")
        case OfferWaiting(seen=seen):
            page = visit.page(
                "receive_offer.html", number=number, offer=_consent(visit, seen),
                action=f"/login/{number}" if seen.consent.needs_login else page_of(number),
            )  # fmt: skip
            # The form of a login leads on to the office's own page
            endpoint = seen.contact.server.authorization_endpoint if seen.consent.needs_login else None
            return visit.room.pages.lead_to(page, endpoint or "")
        case LoginWaiting(seen=seen):
            return visit.page("login_waiting.html", number=number, issuer=seen.consent.issuer)
        case LoginOver():
            return visit.page("login_over.html", number=number, issuer=thing.seen.consent.issuer, over=thing)
        case CutOff(pending=pending):
            return redirect(f"/receive/pending/{pending}")
        case ArrivedWaiting():
            return redirect(f"{page_of(number)}/arrived")
        case Kept():
            return redirect(f"{page_of(number)}/kept")
        case NotTaken(issuer=issuer):
            return visit.page("receive_declined.html", issuer=issuer)
        case _:
            raise Gone("this was answered already, or never was here")


def _consent(visit: Visit, seen: OfferSeen) -> OfferConsent:
    """What the user decides on, in the language that they read now."""
    spoken = visit.wallet.receiving.consent(seen.offer, seen.contact)
    return replace(spoken, registered=seen.consent.registered)


def _code_page(visit: Visit, number: str, problem: str = "", status: int = 200) -> Response:
    waiting = visit.shelf.look(number, OfferWaiting)
    expected = waiting.seen.consent.tx_code
    if expected is None:
        return redirect(page_of(number))
    return visit.page(
        "receive_code.html", status=status, number=number, offer=waiting.seen.consent, problem=problem,
        wrong_codes=waiting.wrong_codes, hint=plain(expected.description or ""),
    )  # fmt: skip


def _add_arrived(router: Router) -> None:
    @router.get("/receive/{number}/arrived")
    async def arrived_page(number: str, visit: Inside) -> Response:
        waiting = visit.shelf.look(number, ArrivedWaiting)
        arrived = visit.wallet.receiving.look_again(waiting.arrived)
        return visit.page("receive_arrived.html", number=number, arrived=arrived)

    @router.post("/receive/{number}/arrived")
    async def decide(number: str, visit: Inside) -> Response:
        yes = read_answer(await visit.form())
        with visit.shelf.answering(number, ArrivedWaiting, page_of(number)) as waiting:
            arrived = waiting.arrived
            if yes:
                held = await visit.run(visit.wallet.receiving.keep(arrived), WhenLocked.WAITS, WhenLocked.KEPT)
                visit.shelf.replace(number, Kept(tuple([item.id for item in held])))
            else:
                await visit.run(visit.wallet.receiving.reject(arrived), WhenLocked.WAITS)
                issuers = [item.shown.issuer for item in arrived.documents]
                visit.shelf.replace(number, NotTaken(issuers[0]) if issuers else Kept(()))
        return redirect(page_of(number))

    @router.get("/receive/{number}/kept")
    async def kept_page(number: str, visit: Inside) -> Response:
        kept = visit.shelf.look(number, Kept)
        cards: dict[str, HeldShown] = {}
        for held_id in kept.ids:
            with suppress(NotFound):  # it may have been deleted since
                card = visit.wallet.keeping.shown(visit.wallet.keeping.find(held_id))
                cards[card.id] = card
        services = visit.wallet.services
        return visit.page(
            "receive_kept.html", cards=list(cards.values()), waiting=services.errands.waiting()[:1],
            plans=[plan.id for plan in services.journeys.kept()],
        )  # fmt: skip


def _add_pending(router: Router) -> None:
    """What was begun and cut off goes on from the vault (T158)."""

    @router.get("/receive/pending/{pending_id}")
    async def pending_page(pending_id: str, visit: Inside) -> Response:
        pending = _pending(visit, pending_id)
        cut: CutOff | None = None
        with suppress(Gone):
            cut = visit.shelf.look(visit.shelf.find(CutOff, lambda found: found.pending == pending.id), CutOff)
        host = plain(urlsplit(pending.read_offer().credential_issuer).netloc)
        return visit.page("receive_pending.html", pending=pending, host=host, cut=cut)

    @router.post("/receive/pending/{pending_id}")
    async def go_on(pending_id: str, visit: Inside) -> Response:
        await visit.form()
        pending = _pending(visit, pending_id)
        with suppress(Gone):
            return redirect(page_of(visit.shelf.find(AtWork, lambda found: found.pending == pending.id)))
        with suppress(Gone):
            number = visit.shelf.find(ArrivedWaiting, lambda found: found.arrived.pending.id == pending.id)
            return redirect(f"{page_of(number)}/arrived")
        with suppress(Gone):
            visit.shelf.take(visit.shelf.find(CutOff, lambda found: found.pending == pending.id), CutOff)
        # From here on another click finds it at work: nothing was awaited since the look into the vault
        number = visit.shelf.put(AtWork("", pending.id))
        return await fetch_into(visit, number, pending)


def _pending(visit: Visit, pending_id: str) -> PendingIssuance:
    for pending in visit.wallet.keeping.pending():
        if pending.id == pending_id:
            return pending
    raise Gone("this was finished already, or never was here")
