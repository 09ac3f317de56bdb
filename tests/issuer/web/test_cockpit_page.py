"""The page at the address that wallets call about documents: what people can do, and whom to write to; the same for all."""

from dataclasses import replace

import pytest

from protocol.dcql.query import CredentialMeta
from protocol.formats import IssuerSigner
from protocol.trust.registration import Contact, RegisteredCredential
from runtime.registrations import OwnRegistration
from tests.protocol.trust.test_registration import LEAST
from tests.support.issuer import make_issuer
from tests.support.partners import TOWN, partner

PROVIDES = (RegisteredCredential("dc+sd-jwt", CredentialMeta(("urn:test:member:1",))),)
TOWN_PRIVACY = "https://agency.example/privacy"


@pytest.fixture
def desk():
    """An issuer that gives receipts."""
    access = partner(TOWN, 7301)
    return make_issuer().with_context(access=IssuerSigner(access.signer, access.x5c), privacy_policy=TOWN_PRIVACY)


def get(desk, path="/cockpit", **headers):
    with desk.browser() as http:
        return http.get(path, headers={"accept": "text/html", **headers})


def test_it_says_what_can_be_done_and_whom_to_write_to_in_both_languages(desk):
    page = get(desk.with_context(dpo=Contact(email="dpo@agency.example")), **{"accept-language": "en"})
    assert page.status_code == 200
    assert "Did you lose your wallet?" in page.text
    assert 'href="mailto:dpo@agency.example"' in page.text
    assert f'href="{TOWN_PRIVACY}"' in page.text
    assert "Ohne Ihre Wallet" in get(desk, **{"accept-language": "de"}).text


def test_a_registration_says_who_answers_if_it_is_one_for_documents(desk):
    says = replace(LEAST, name="Town of Registers", supervisory_authority=Contact(email="office@dpa.example"))
    providing = OwnRegistration("own.jwt", "", replace(says, provides=PROVIDES))
    page = get(desk.with_context(registrations=(providing,)), **{"accept-language": "en"})
    assert "How to reach Town of Registers" in page.text
    assert 'href="mailto:office@dpa.example"' in page.text
    asking = OwnRegistration("ask.jwt", "", says)
    assert "Town of Registers" not in get(desk.with_context(registrations=(asking,))).text


def test_it_is_the_same_for_everybody_and_keeps_nothing_in_the_browser(desk):
    first, second = get(desk), get(desk)
    assert first.content == second.content
    assert "set-cookie" not in first.headers


@pytest.mark.parametrize("changes", [{"cockpit": False}, {"access": None}, {"privacy_policy": ""}], ids=str)
def test_there_is_none_where_no_receipts_are_given_and_nothing_leads_to_it(desk, changes):
    other = desk.with_context(**changes)
    assert get(other).status_code == 404
    assert "/cockpit" not in get(other, "/").text


def test_the_first_page_leads_to_it(desk):
    assert 'href="/cockpit"' in get(desk, "/").text


def test_wallets_still_reach_what_is_below_it(desk):
    with desk.browser() as http:
        assert http.post("/cockpit/rights").status_code == 401
        assert http.post("/cockpit").status_code == 405
