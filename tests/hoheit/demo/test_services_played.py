"""Each service of the town, from its address in the catalogue to its outcome: the real verifier, its pages and its desk."""

import re

import pytest

from capabilities.accounts.service import new_clerk_code
from hoheit.demo.catalogue import descriptions
from hoheit.demo.places import PROVIDING
from protocol.dcql.match import match_query
from protocol.exchange import Exchange
from protocol.formats import format_of
from protocol.holder_binding import KeyBinding
from protocol.keys import P256Key
from protocol.oid4vp.answer import Delivery, RequestPolicy, fetch_request, send_answer, wallet_metadata
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.link import read_link
from protocol.sovereignty.form import FieldFormat, FieldType
from protocol.trust.anchors import TrustAnchors
from tests.hoheit.demo.citizens import BY_ID, HOLDER, TYPES, issued, paper, pki_of
from tests.hoheit.demo.test_services import PLAYS
from tests.support.pki import NOW, seeded
from tests.support.verifier import HOST, IDENTIFIER, make_verifier, wallet_drive
from tests.verifier.web.people import Browser

ISSUERS = TrustAnchors([pki_of(id_).anchor for id_ in TYPES])
PLACE = {
    found.id: place.id
    for place in PROVIDING
    for found in descriptions(place.id, lambda id_: f"https://{id_}.x.example")
}
SAYS = "All is well, and you hear from us."
OFFER = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Foffice.example%2F1"


@pytest.fixture(scope="module")
def offices(tmp_path_factory):
    """The verifier of each place, with everything that the place offers, and a clerk at its desk."""
    made = {}

    def office(place):
        if place not in made:
            found = descriptions(place, lambda id_: f"https://{id_}.town.example")
            folder = tmp_path_factory.mktemp(place)
            office = make_verifier(f"sqlite:///{folder}/verifier.db", ISSUERS, services={one.id: one for one in found})
            made[place] = office, at_the_desk(office)
        return made[place]

    yield office
    for each, _ in made.values():
        each.close()


def answer(office, id_, papers) -> Exchange[Delivery]:
    """All that a wallet does: ask at the address of the catalogue, verify, show what is asked, and no more."""
    client = office.verifier.context.client_id(Prefix.X509_HASH, "")
    link = f"openid4vp://?client_id={client}&request_uri={IDENTIFIER}/services/{id_}/start&request_uri_method=post"
    prefixes = frozenset(Prefix)
    verified = yield from fetch_request(
        read_link(link),
        anchors=office.wallet_anchors,
        policy=RequestPolicy(prefixes=prefixes),
        wallet_nonce="fresh-nonce-of-the-wallet",
        metadata=wallet_metadata({"dc+sd-jwt": {}, "mso_mdoc": {}}, prefixes),
        now=NOW,
    )
    request = verified.request
    assert request.dcql_query == BY_ID[id_].needs
    match = match_query(request.dcql_query, [one.candidate for one in papers])
    binding = KeyBinding(HOLDER, request.audience, request.nonce, NOW, handover=request.handover)
    held = {one.id: one for one in papers}
    shown = {
        query: tuple(
            format_of(held[one.candidate.id].format).present(held[one.candidate.id].raw, one.paths, binding)
            for one in chosen
        )
        for query, chosen in match.choose(match.default_choice()).items()
    }
    return (yield from send_answer(verified, shown, ephemeral=P256Key.fresh(), random_bytes=seeded(13)))


def asked_on(page):
    """What somebody has to fill in, without what says that an attested answer is wrong."""
    names = re.findall(r"<(?:input|select|textarea)[^>]*?\sname=\"([^\"]+)\"", page.text)
    return [name for name in dict.fromkeys(names) if name not in ("form_token", "version") and "remark-" not in name]


def typed(field):
    """An answer that the field allows, as somebody types it."""
    match field.type:
        case _ if field.choices:
            return str(field.choices[0].value)
        case FieldType.BOOLEAN:
            return "yes"
        case FieldType.INTEGER | FieldType.NUMBER:
            return str(field.minimum or 1)
        case _ if field.format is FieldFormat.DATE:
            return "2027-11-01"
        case _ if field.format is FieldFormat.EMAIL:
            return "erika@post.example"
        case _:
            return "Lindenau 12345678"[: field.max_length or 17].ljust(field.min_length or 1, "9")


def begun(browser, office, id_, papers):
    """The form of a service: from the wallet, or by hand where it needs no document."""
    if BY_ID[id_].needs is None:
        browser.get(f"/services/{id_}")
        return browser.press(f"/services/{id_}/begin", way="hand")
    delivery = wallet_drive(answer(office, id_, papers), {HOST: office.app})
    return browser.get(delivery.redirect_uri)


def at_the_desk(office):
    """The browser of a clerk who is signed in."""
    code, kept = new_clerk_code("Ada", now=office.clock.now, random_bytes=office.verifier.context.random_bytes)
    office.store.clerk_codes.put(kept)
    desk = Browser(office)
    desk.get("/desk/login")
    desk.press("/desk/login", code=code)
    return desk


def decide(desk, number, offer):
    """The clerk reads a case and grants it; what stood there."""
    case = desk.get(f"/desk/cases/{number}")
    once = re.search(r'name="once" value="([^"]+)"', case.text)[1]
    desk.press(f"/desk/cases/{number}", once=once, state="granted", text=SAYS, offer=offer)
    return case.text


@pytest.mark.parametrize("id_", PLAYS)
def test_every_service_is_begun_shown_filled_in_sent_and_decided(offices, id_):
    service, (office, desk) = BY_ID[id_], offices(PLACE[id_])
    browser = Browser(office)
    citizen, *names = PLAYS[id_].ready[0]
    papers = [issued(citizen, paper(one) if isinstance(one, str) else one) for one in names]
    form = begun(browser, office, id_, papers)
    asks = {field.name: field for field in service.asks.fields} if service.asks else {}
    left = [name for name in asked_on(form) if name != "later"]
    # At most one thing that no document says, and it was announced
    assert set(left) <= asks.keys()
    assert len(left) <= 1
    version = re.search(r'name="version" value="(\d+)"', form.text)[1]
    review = browser.press(f"/services/{id_}/form", version=version, **{name: typed(asks[name]) for name in left})
    assert review.status_code == 200, re.findall(r'role="alert".*?</div>', review.text, re.DOTALL)
    version = re.search(r'name="version" value="(\d+)"', review.text)[1]
    sent = browser.press(f"/services/{id_}/send", version=version)
    number = re.search(r'class="code">([A-Z0-9-]+)<', sent.text)[1]
    found = office.run(office.verifier.cases.open(number, actor="Ada", role="clerk"))
    # Every answer has its source: a document that was shown, or the citizen
    assert {line.name for line in found.lines if line.basis == "stated"} == set(left)
    attested = {line.name for line in found.lines if line.basis == "attested"}
    assert bool(attested) == (service.needs is not None)
    offer = OFFER if service.gives else ""
    assert number in decide(desk, number, offer)
    own = browser.get(browser.address()).text
    assert SAYS in own
    assert (OFFER in own.replace("&amp;", "&")) == bool(service.gives)
