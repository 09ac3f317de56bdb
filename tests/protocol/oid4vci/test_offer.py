import json
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator

from protocol.encoding import encode_json
from protocol.errors import InvalidRequest, Malformed, TooLarge, Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.oid4vci.offer import CredentialOffer, TxCode, is_offer_link, offer_link, resolve_offer
from tests.support.cases import cases
from tests.support.vectors import read_vector, vector_files

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
OFFER = CredentialOffer("https://agency.example", ("pid",), "c0de", TxCode(length=6))
REFERENCE = "https://agency.example/offers/abc"


def resolve(link, answer=None):
    """What a link stands for; `answer` is what the reference gives, and without one nothing may be asked."""
    asked = []

    def perform(request):
        asked.append(request)
        if answer is None:
            raise AssertionError("something was sent")
        return answer

    return run(resolve_offer(link), perform), asked


def response(body, status=200, media_type="application/json"):
    return HttpResponse(status, (("content-type", media_type),), body)


def by_reference(reference=REFERENCE):
    return f"openid-credential-offer://?credential_offer_uri={quote(reference, safe='')}"


@cases("oid4vci/offer.json", "refuse")
def test_a_broken_offer_is_refused_by_name(case):
    with pytest.raises(Malformed) as refusal:
        CredentialOffer.from_dict(case["wire"])
    assert refusal.value.at == case["at"]


@cases("oid4vci/offer.json", "keep")
def test_an_offer_is_written_as_it_was_read(case):
    offer = CredentialOffer.from_dict(case["wire"])
    assert offer.to_dict() == case["wire"]
    assert CredentialOffer.from_dict(offer.to_dict()) == offer


@pytest.mark.parametrize("file", vector_files("openid4vci/examples-1.0/credential_offer_*.json"))
def test_the_offers_of_the_specification_are_read(file):
    wire = json.loads(file.read_bytes())
    offer = CredentialOffer.from_dict(wire)
    expected = wire["grants"][PRE_AUTHORIZED]
    assert (offer.credential_issuer, list(offer.credential_configuration_ids), offer.pre_authorized_code) == (
        wire["credential_issuer"],
        wire["credential_configuration_ids"],
        expected["pre-authorized_code"],
    )
    assert offer.tx_code == TxCode(
        length=expected["tx_code"].get("length"), description=expected["tx_code"].get("description")
    )
    assert CredentialOffer.from_dict(offer.to_dict()) == offer


@pytest.mark.parametrize("file", vector_files("openid4vci/examples-1.0/credential_offer_*.txt"))
def test_the_offer_for_a_login_is_read(file):
    offer, _ = resolve(by_reference(), response(file.read_bytes().partition(b"\n\n")[2]))
    assert (offer.pre_authorized_code, offer.authorization_code) == (None, True)
    assert offer.issuer_state == "eyJhbGciOiJSU0Et...FYUaBy"


@pytest.mark.parametrize("file", vector_files("haip/examples-1.0/credential_offer_sd_jwt_vc.json"))
def test_the_offer_of_a_draft_is_refused(file):
    with pytest.raises(Malformed, match="credential_configuration_ids"):
        CredentialOffer.from_dict(json.loads(file.read_bytes()))


@cases("oid4vci/offer.json", "keep")
def test_what_we_offer_fits_the_conformance_suite(case):
    schema = read_vector("openid-conformance-suite/schemas/oid4vci-credential_offer-1_0.json")
    Draft202012Validator(schema).validate(CredentialOffer.from_dict(case["wire"]).to_dict())


@pytest.mark.parametrize("grants", [{}, None], ids=["empty", "null"])
def test_without_grants_the_wallet_may_try_the_login(grants):
    """OID4VCI 1.0 §4.1.1."""
    offer = CredentialOffer.from_dict({**OFFER.to_dict(), "grants": grants})
    assert offer == CredentialOffer("https://agency.example", ("pid",), authorization_code=True)


def test_unknown_members_and_grants_are_ignored():
    """T141."""
    code = {"pre-authorized_code": "c0de", "tx_code": {"length": 6, "x": 1}, "interval": 5, "user_pin_required": True}
    grants = {PRE_AUTHORIZED: code, "urn:example:other": {"a": 1}}
    assert CredentialOffer.from_dict({**OFFER.to_dict(), "grants": grants, "credentials": ["x"]}) == OFFER


def test_an_empty_object_asks_for_a_transaction_code():
    grant = {PRE_AUTHORIZED: {"pre-authorized_code": "c", "tx_code": {}}}
    assert CredentialOffer.from_dict({**OFFER.to_dict(), "grants": grant}).tx_code == TxCode()


@pytest.mark.parametrize("description", ["", None])
def test_a_hint_that_says_nothing_is_none(description):
    grant = {PRE_AUTHORIZED: {"pre-authorized_code": "c", "tx_code": {"description": description}}}
    assert CredentialOffer.from_dict({**OFFER.to_dict(), "grants": grant}).tx_code == TxCode()


@pytest.mark.parametrize("login", [{}, {"authorization_server": "https://other.example"}])
def test_of_two_grants_at_two_servers_the_code_is_kept(login):
    code = {"pre-authorized_code": "c", "authorization_server": "https://login.example"}
    offer = CredentialOffer.from_dict(
        {**OFFER.to_dict(), "grants": {PRE_AUTHORIZED: code, "authorization_code": {**login, "issuer_state": "s"}}}
    )
    assert (offer.authorization_server, offer.authorization_code, offer.issuer_state) == (
        "https://login.example",
        False,
        None,
    )


@cases("oid4vci/link.json", "refuse")
def test_a_link_is_refused_before_anything_is_sent(case):
    """T147."""
    with pytest.raises(InvalidRequest):
        resolve(case["link"])


def test_a_link_of_200_kb_is_refused_before_anything_is_sent():
    """T147, T247."""
    with pytest.raises(TooLarge):
        resolve("openid-credential-offer://?credential_offer=" + "x" * 200_000)


@pytest.mark.parametrize(
    "wallet",
    [
        "openid-credential-offer://",
        "openid-credential-offer://offer",
        "OPENID-CREDENTIAL-OFFER://",
        "haip-vci://",
        "https://wallet.example/receive",
        "https://wallet.example/receive?lang=de",
        "http://wallet.localhost:8000/receive",
    ],
)
@pytest.mark.parametrize("reference", [None, REFERENCE], ids=["by value", "by reference"])
def test_what_we_link_to_is_found(wallet, reference):
    link = offer_link(OFFER, reference_uri=reference, wallet=wallet)
    answer = response(encode_json(OFFER.to_dict())) if reference else None
    offer, asked = resolve(link, answer)
    assert offer == OFFER
    assert asked == ([HttpRequest("GET", REFERENCE, (("accept", "application/json"),))] if reference else [])
    assert is_offer_link(link)


def test_other_parameters_of_a_link_are_ignored():
    """T141, T173: none of them can make a wallet go on by itself."""
    link = f"{by_reference()}&auto_accept=true&flag&"
    offer, _ = resolve(link, response(encode_json(OFFER.to_dict())))
    assert offer == OFFER


def test_the_links_of_the_specification_are_read():
    """OID4VCI 1.0 §4.1.2, §4.1.3, as they are printed there."""
    value = (
        "openid-credential-offer://?credential_offer=%7B%22credential_issuer%22:%22https://credential-issuer.exam"
        "ple.com%22,%22credential_configuration_ids%22:%5B%22org.iso.18013.5.1.mDL%22%5D,%22grants%22:%7B%22urn:iet"
        "f:params:oauth:grant-type:pre-authorized_code%22:%7B%22pre-authorized_code%22:%22oaKazRN8I0IbtZ0C7JuMn5%22"
        ",%22tx_code%22:%7B%22input_mode%22:%22text%22,%22description%22:%22Please%20enter%20the%20serial%20number%"
        "20of%20your%20physical%20drivers%20license%22%7D%7D%7D%7D"
    )
    offer, _ = resolve(value)
    assert offer.credential_configuration_ids == ("org.iso.18013.5.1.mDL",)
    assert offer.tx_code is not None
    assert offer.tx_code.input_mode == "text"
    reference = (
        "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fserver%2Eexample%2Ecom%2Fcredential-offer"
        "%2FGkurKxf5T0Y-mnPFCHqWOMiZi4VS138cQO_V7PZHAdM"
    )
    _, asked = resolve(reference, response(encode_json(OFFER.to_dict())))
    assert asked[0].url == "https://server.example.com/credential-offer/GkurKxf5T0Y-mnPFCHqWOMiZi4VS138cQO_V7PZHAdM"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(response(encode_json(OFFER.to_dict()), 404), id="gone"),
        pytest.param(response(encode_json(OFFER.to_dict()), 302), id="T208 redirect"),
        pytest.param(response(encode_json(OFFER.to_dict()), 201), id="another success"),
        pytest.param(response(b"{}"), id="no offer"),
        pytest.param(response(b"[]"), id="no object"),
        pytest.param(response(b"{"), id="T212 truncated"),
        pytest.param(response(b'\xef\xbb\xbf{"a":1}'), id="T212 byte order mark"),
        pytest.param(response(json.dumps(OFFER.to_dict()).encode("utf-16")), id="T212 UTF-16"),
        pytest.param(response(encode_json(OFFER.to_dict()), media_type="text/html"), id="T212 HTML"),
        pytest.param(response(encode_json(OFFER.to_dict()), media_type=""), id="T212 no content type"),
        pytest.param(response(encode_json(OFFER.to_dict()), media_type="application/jwt"), id="signed"),
    ],
)
def test_a_reference_that_gives_no_offer_is_refused(answer):
    with pytest.raises(InvalidRequest):
        resolve(by_reference(), answer)


@pytest.mark.parametrize("status", [500, 503])
def test_a_reference_that_is_out_of_order_can_be_tried_again(status):
    with pytest.raises(Unreachable):
        resolve(by_reference(), response(b"", status))


@pytest.mark.parametrize("link", ["", "https://wallet.example/", "openid4vp://?request_uri=x", "just text"])
def test_other_links_do_not_look_like_offers(link):
    assert not is_offer_link(link)


def test_a_code_is_never_shown():
    """T258."""
    assert "c0de" not in repr(OFFER)
    assert "st4te" not in repr(CredentialOffer("https://agency.example", ("pid",), issuer_state="st4te"))
