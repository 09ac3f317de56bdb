"""What somebody scans or pastes is known by its look, and nothing of it is fetched for that."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from protocol.errors import InvalidRequest
from tests.wallet.counterpart_agency import Agency
from tests.wallet.counterparts import Partner
from wallet.policy.links import LinkKind, classify, host_of

OFFER, REQUEST, PAGE, OTHER = LinkKind.OFFER, LinkKind.REQUEST, LinkKind.PAGE, LinkKind.OTHER


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fa.example%2F1", OFFER),
        ("  OPENID-CREDENTIAL-OFFER://?x\n", OFFER),
        ("haip-vci://?credential_offer=%7B%7D", OFFER),
        ("https://wallet.example/credential-offer?credential_offer_uri=https%3A%2F%2Fa.example", OFFER),
        ("http://wallet.localhost:8766/credential-offer?credential_offer=%7B%7D", OFFER),
        ("openid4vp://?client_id=x&request_uri=https%3A%2F%2Fa.example", REQUEST),
        ("haip-vp://?client_id=x", REQUEST),
        ("eu-eaap://authorize?client_id=x", REQUEST),
        ("https://wallet.example/authorize?client_id=x", REQUEST),
        ("https://shop.example/?client=x", PAGE),
        ("http://wallet.example/authorize?client_id=x", PAGE),
        ("http://shop.example/?credential_offer=1", PAGE),
        ("https://", OTHER),
        ("WIFI:T:WPA;S:home;P:secret;;", OTHER),
        ("javascript:alert(1)//?client_id=x&credential_offer=1", OTHER),
        ("https://[", OTHER),
        ("Dear Erika", OTHER),
        ("", OTHER),
    ],
)
def test_a_text_is_known_by_its_look(text, kind):
    assert classify(text).kind is kind
    assert classify(text).text == text.strip()


def test_an_ordinary_page_is_named_by_its_host():
    assert classify("https://shop.example:8443/sale?x").host == "shop.example"


@given(some.text(max_size=300))
def test_no_text_is_too_strange(text):
    assert classify(text).kind in LinkKind


def test_the_host_that_would_be_asked_is_told():
    agency, partner = Agency(), Partner()
    assert host_of(agency.offer(), OFFER) == "agency.example"
    assert host_of("x://?credential_offer_uri=https%3A%2F%2Foffice.example%2F1", OFFER) == "office.example"
    assert host_of(partner.link(), REQUEST) == "library.example"


@pytest.mark.parametrize(
    ("link", "kind"),
    [("x://?credential_offer=no", OFFER), ("x://", OFFER), ("openid4vp://?a=b", REQUEST), ("openid4vp://", REQUEST)],
)
def test_a_link_that_is_broken_is_refused(link, kind):
    with pytest.raises(InvalidRequest):
        host_of(link, kind)
