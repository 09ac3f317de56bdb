"""What a citizen sees of who vouches for their wallet, and what to do when nobody does; never a word of the protocol."""

import re

import pytest

from protocol.oauth.client_attestation import METHOD
from tests.support.provider import PROVIDER, make_provider
from tests.wallet.counterpart_agency import PID
from tests.wallet.vetting import vetted_world
from tests.wallet.web.flows import paste, receive, say
from tests.wallet.web.visitor import Served, words_of
from wallet.provider.policy import ProviderPolicy

FORBIDDEN = re.compile(r"\b(credential|token|verifier|issuer|claim|attest\w*|provider)\b", re.IGNORECASE)
DETAILS = re.compile(r"<details.*?</details>|<[^>]*>", re.DOTALL)
PAGE = "/settings/vouching"


@pytest.fixture
def office(tmp_path):
    """A provider that takes whoever comes."""
    made = make_provider(f"sqlite:///{tmp_path}/provider.db", policy=ProviderPolicy(open_enrolment=True))
    yield made
    made.close()


@pytest.fixture
def strict_office(tmp_path):
    """A provider that wants a code."""
    made = make_provider(f"sqlite:///{tmp_path}/provider.db")
    yield made
    made.close()


@pytest.fixture
def open_wallet(tmp_path, monkeypatch):
    """A wallet that is served and open, and its citizen."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    made = []

    def opened(office, *, language="en", provider_url=PROVIDER, haip=False, **changes):
        world = vetted_world(None, office, **changes)
        served = Served(tmp_path / "wallet", world, provider_url=provider_url, haip=haip)
        served.create()
        made.append(served)
        citizen = served.visitor(language)
        citizen.unlock()
        return served, citizen

    yield opened
    for served in made:
        served.door.close()


def block_all(office):
    """What a clerk of the provider does."""
    for unit in office.run(office.provider.units()):
        office.run(office.provider.revoke(unit.id, "clerk"))


def text(citizen, path):
    """What a page says; no page says a word of the protocol, but where engineers open it."""
    answer = citizen.get(path)
    page = answer.text.partition("<main")[2].partition("</main")[0].partition(">")[2]
    assert FORBIDDEN.findall(DETAILS.sub(" ", page)) == []
    return words_of(answer)


def test_a_wallet_without_anybody_says_so(open_wallet, office):
    _, citizen = open_wallet(office, provider_url="")
    assert "Nobody vouches for this wallet." in text(citizen, "/settings")
    assert "Some give documents only to a wallet that somebody vouches for" in text(citizen, PAGE)
    assert "<form" not in citizen.get(PAGE).text.partition("<main")[2].partition("</main")[0]
    assert "There is nothing to block" in text(citizen, "/settings/lost")


def test_the_citizen_sees_who_confirms_the_wallet_and_until_when(open_wallet, office):
    served, citizen = open_wallet(office)
    assert "wallets.example confirms your wallet when an office asks" in text(citizen, "/settings")
    arrived = receive(served, citizen)
    assert citizen.get(arrived).status_code == 200
    assert "Your wallet is confirmed by Wallets Ltd, until 19 February 2028." in text(citizen, "/settings")
    page = text(citizen, PAGE)
    (unit,) = office.run(office.provider.units())
    assert unit.id in page.replace(" ", "")
    assert "Wallets Ltd vouches for this wallet." in text(citizen, "/activity")


def test_the_same_in_german(open_wallet, office):
    served, citizen = open_wallet(office, language="de")
    receive(served, citizen)
    assert "Ihre Wallet ist bestätigt von Brieftaschen GmbH, bis 19. Februar 2028." in text(citizen, "/settings")
    assert "Nummer dieser Wallet" in text(citizen, PAGE)


def test_a_code_is_typed_and_a_wrong_one_is_told(open_wallet, strict_office):
    served, citizen = open_wallet(strict_office)
    page = paste(citizen, served.world.agency.offer())
    refused = say(citizen, page, "yes")
    assert refused.status_code == 400
    assert "wants a code first" in words_of(refused)
    assert "Nothing is lost, and nothing was given away." in words_of(refused)
    wrong = citizen.post(PAGE, page=PAGE, code="AAAAA-BBBBB")
    assert (wrong.status_code, "it has to be right" in words_of(wrong)) == (400, True)
    code = strict_office.run(strict_office.provider.invite("x"))
    assert "Your wallet is confirmed" in citizen.done(citizen.post(PAGE, page=PAGE, code=code.lower()))
    # The offer is where it was
    assert say(citizen, page, "yes").status_code == 303


def test_an_office_that_insists_is_explained_before_anything_is_asked(open_wallet, office):
    served, citizen = open_wallet(office, provider_url="")
    answer = citizen.post("/add", page="/add", link=served.world.agency.offer())
    words = words_of(answer)
    assert answer.status_code == 400
    assert "The office gives this document only to a wallet that somebody vouches for." in words
    assert "nothing was given away" in words
    assert "Ask the office which wallets it takes" in words


def test_an_office_that_does_too_little_is_explained(open_wallet, office):
    served, citizen = open_wallet(office, haip=True, signed=False)
    answer = citizen.post("/add", page="/add", link=served.world.agency.offer())
    assert (answer.status_code, "This office cannot be dealt with" in words_of(answer)) == (400, True)


def test_whoever_vouches_and_is_away_is_not_the_office(open_wallet, office):
    served, citizen = open_wallet(office)
    page = paste(citizen, served.world.agency.offer())
    del served.world.more[PROVIDER]
    refused = say(citizen, page, "yes")
    assert refused.status_code == 502
    assert "Whoever vouches for your wallet cannot be reached" in words_of(refused)
    assert "The office cannot be reached" not in words_of(refused)
    served.world.more[PROVIDER] = office
    assert say(citizen, page, "yes").status_code == 303


def test_with_a_code_from_the_office_it_is_told_as_well(open_wallet, office):
    served, citizen = open_wallet(office, tx_code="1234", methods=(METHOD,), configurations={"pid": PID})
    page = paste(citizen, served.world.agency.offer())
    del served.world.more[PROVIDER]
    refused = citizen.post(f"{page}/code", page=f"{page}/code", tx_code="1234")
    assert "Whoever vouches for your wallet cannot be reached" in words_of(refused)


def test_a_login_that_nobody_vouches_for_is_told(open_wallet, strict_office):
    served, citizen = open_wallet(strict_office)
    page = paste(citizen, served.world.agency.offer(pre_authorized_code=None, authorization_code=True))
    refused = say(citizen, page, "yes", path=page.replace("/receive/", "/login/"))
    assert "wants a code first" in words_of(refused)


def test_a_wallet_that_is_blocked_in_between_is_told_and_keeps_what_was_begun(open_wallet, office):
    served, citizen = open_wallet(office)
    page = paste(citizen, served.world.agency.offer())
    nonce = served.world.agency.respond

    def respond(request):
        if request.url.endswith("/nonce"):
            block_all(office)
        return nonce(request)

    served.world.agency.respond = respond
    answer = say(citizen, page, "yes")
    pending = answer.headers["location"]
    assert pending.startswith("/receive/pending/")
    assert "It was blocked, and offices that ask who vouches for it give it nothing." in text(citizen, pending)
    assert "Wallets Ltd has blocked this wallet." in text(citizen, "/settings")
    assert "What this means" in text(citizen, PAGE)
    # Another offer is not even begun
    again = citizen.post("/add", page="/add", link=served.world.agency.offer())
    assert "This wallet is blocked" in words_of(again)


def test_a_lost_device_is_blocked_after_a_second_look_and_may_begin_anew(open_wallet, office):
    served, citizen = open_wallet(office)
    receive(served, citizen)
    assert "This cannot be undone." in text(citizen, "/settings/lost")
    assert office.run(office.provider.units())[0].state == "active"
    assert "This wallet is blocked" in citizen.done(citizen.post("/settings/lost", page="/settings/lost"))
    assert office.run(office.provider.units())[0].state == "revoked"
    assert "Wallets Ltd has blocked this wallet." in text(citizen, PAGE)
    assert "There is nothing to block" in text(citizen, "/settings/lost")
    assert "Your wallet is confirmed" in citizen.done(citizen.post(PAGE, page=PAGE))
    assert len(office.run(office.provider.units())) == 2


def test_blocking_that_does_not_get_through_is_told(open_wallet, office):
    served, citizen = open_wallet(office)
    receive(served, citizen)
    del served.world.more[PROVIDER]
    answer = citizen.post("/settings/lost", page="/settings/lost")
    assert answer.status_code == 502
    assert "Please try again in a moment." in words_of(answer)
    assert "Have this wallet blocked?" in words_of(answer)


@pytest.mark.parametrize("path", [PAGE, "/settings/lost"])
def test_a_form_of_another_site_does_nothing(open_wallet, office, path):
    """T230, T231."""
    served, citizen = open_wallet(office)
    receive(served, citizen)
    assert citizen.client.post(path, data={"form_token": "0" * 64}).status_code in (400, 403)
    assert office.run(office.provider.units())[0].state == "active"
