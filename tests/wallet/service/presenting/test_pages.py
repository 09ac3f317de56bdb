"""A page that asks through the browser: considered like any request, answered for its origin, and told nothing by itself."""

from dataclasses import replace

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.encoding import read_json_object
from protocol.errors import Conflict, InvalidRequest, NotForThisRequest
from protocol.exchange import run
from protocol.formats import format_of
from protocol.holder_binding import ExpectedBinding
from protocol.jwe import Jwe, decrypt_jwe
from protocol.oid4vp.answer import RequestPolicy
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.dc_api import DcApiRequest, PageRequest
from protocol.oid4vp.dc_api_object import Signatory, sign_page_request, sign_page_request_by_all
from protocol.oid4vp.request import DC_API, DC_API_JWT, ClientMetadata, EncryptionKey
from tests.support.pki import NOW, make_pki, seeded_key
from tests.wallet.counterparts import PARTNER, Partner, dcql
from wallet.policy.presenting import LogDamaged
from wallet.service import Wallet

UNSIGNED, SIGNED, MULTISIGNED = "openid4vp-v1-unsigned", "openid4vp-v1-signed", "openid4vp-v1-multisigned"
NONCE = "nonce-of-at-least-22-characters"
KEY = seeded_key(60)
EVIL = "https://evil.example"
WAYS = [SIGNED, MULTISIGNED, UNSIGNED]


def page_request(world, protocol, **changes):
    """What a page of the partner asks."""
    usual = {
        "origin": PARTNER,
        "client_id": None,
        "response_mode": DC_API_JWT,
        "nonce": NONCE,
        "dcql_query": DcqlQuery.from_dict(world.partner.query),
        "client_metadata": ClientMetadata((EncryptionKey("k1", KEY.public_key),)),
    }
    request = DcApiRequest(**{**usual, **changes})
    signatory = Signatory(world.partner.client_id, world.partner.pki.signer, x5c=world.partner.pki.x5c)
    origins, ends = (request.origin,), NOW + 300
    match protocol:
        case "openid4vp-v1-signed":
            data = sign_page_request(request, signatory, origins=origins, issued_at=NOW, expires_at=ends)
        case "openid4vp-v1-multisigned":
            data = sign_page_request_by_all(request, [signatory], origins=origins, issued_at=NOW, expires_at=ends)
        case _:
            data = request.to_unsigned()
    return PageRequest(protocol, data, request.origin)


def look(world, protocol=SIGNED, **changes):
    return world.run(world.wallet.pages.look(page_request(world, protocol, **changes)))


def share(world, seen):
    return world.run(world.wallet.pages.share(seen, seen.default_choice()))


def opened(data):
    """What the partner reads out of an answer."""
    return read_json_object(decrypt_jwe(Jwe.from_compact(data["response"]), KEY), "answer")["vp_token"]


def verified(world, presentation, audience=f"origin:{PARTNER}"):
    expected = ExpectedBinding(audience=audience, nonce=NONCE, now=NOW)
    exchange = format_of("dc+sd-jwt").verify_presented(
        presentation, anchors=world.anchors(), expected=expected, now=NOW
    )
    return run(exchange, world.perform)


@pytest.mark.parametrize("protocol", WAYS)
def test_a_page_gets_what_it_asked_for_bound_to_its_origin(world, protocol):
    seen = look(world, protocol)
    [presentation] = opened(share(world, seen))["pid"]
    credential = verified(world, presentation)
    assert credential.claims["given_name"] == "Erika"
    assert credential.disclosed == (("given_name",),)
    with pytest.raises(NotForThisRequest):
        verified(world, presentation, str(world.partner.client_id))
    assert world.partner.seen == []


def test_an_answer_in_clear_is_one_only_where_the_page_asked_so(world):
    seen = look(world, response_mode=DC_API, client_metadata=None)
    assert not seen.consent.encrypted
    [presentation] = share(world, seen)["vp_token"]["pid"]
    assert verified(world, presentation).claims["given_name"] == "Erika"
    assert look(world).consent.encrypted


@pytest.mark.parametrize("protocol", [SIGNED, MULTISIGNED])
def test_whoever_signed_is_shown_as_who_asks(world, protocol):
    asker = look(world, protocol).consent.asker
    assert (asker.name, asker.host, asker.trusted_by) == ("City library", "library.example", "Test authority")
    assert asker.identifier == str(world.partner.client_id)


def test_without_a_signature_the_user_sees_the_page_alone_and_that_nobody_vouches_for_it(world):
    seen = look(world, UNSIGNED)
    asker = seen.consent.asker
    assert (asker.name, asker.host, asker.trusted_by) == ("", "library.example", "")
    assert asker.identifier == f"origin:{PARTNER}"
    assert seen.consent.needs_thought


def test_who_an_unsigned_request_says_that_it_is_is_not_shown(world):
    """T167"""
    asked = page_request(world, UNSIGNED)
    said = {**asked.data, "client_id": str(world.partner.client_id), "expected_origins": [EVIL]}
    seen = world.run(world.wallet.pages.look(replace(asked, data=said)))
    assert seen.consent.asker == look(world, UNSIGNED).consent.asker
    assert seen.verified.request.client_id is None


@pytest.mark.parametrize("protocol", [SIGNED, MULTISIGNED])
def test_a_page_that_replays_the_request_of_another_is_refused_and_noted(world, protocol):
    """T167"""
    asked = replace(page_request(world, protocol), origin=EVIL)
    with pytest.raises(InvalidRequest, match="does not name the page"):
        world.run(world.wallet.pages.look(asked))
    entry = world.vault.log()[-1]
    assert (entry.action, entry.party_id) == ("failed", f"origin:{EVIL}")


def test_a_replayed_unsigned_request_is_answered_for_the_page_that_replays_it(world):
    """T167: what the page in front of the user gets is good nowhere else."""
    asked = replace(page_request(world, UNSIGNED), origin=EVIL)
    seen = world.run(world.wallet.pages.look(asked))
    assert seen.consent.asker.host == "evil.example"
    [presentation] = opened(share(world, seen))["pid"]
    with pytest.raises(NotForThisRequest):
        verified(world, presentation)
    verified(world, presentation, f"origin:{EVIL}")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"protocol": "org-iso-mdoc"}, id="another way to ask"),
        pytest.param({"data": {}}, id="nothing"),
        pytest.param({"origin": "null"}, id="no page"),
        pytest.param({"origin": "http://library.example"}, id="a page that anybody could be"),
    ],
)
@pytest.mark.parametrize("protocol", WAYS)
def test_what_cannot_be_answered_is_refused_and_noted(world, protocol, change):
    before = len(world.vault.log())
    with pytest.raises(InvalidRequest):
        world.run(world.wallet.pages.look(replace(page_request(world, protocol), **change)))
    assert [entry.action for entry in world.vault.log()[before:]] == ["failed"]


def test_a_signer_whom_nobody_trusts_is_refused(world):
    world.partner.pki = make_pki()
    with pytest.raises(InvalidRequest):
        look(world)


def test_haip_takes_no_answer_in_clear(world):
    """HAIP 1.0 §5.2"""
    wallet = Wallet.of(replace(world.wallet.context, request_policy=RequestPolicy.haip(), haip=True))
    for protocol in WAYS:
        world.run(wallet.pages.look(page_request(world, protocol)))
        clear = page_request(world, protocol, response_mode=DC_API, client_metadata=None)
        with pytest.raises(InvalidRequest, match="response_mode"):
            world.run(wallet.pages.look(clear))


@pytest.mark.parametrize("protocol", [SIGNED, MULTISIGNED])
def test_haip_takes_no_signature_by_another_prefix(world, protocol):
    """HAIP 1.0 §5, §5.2"""
    wallet = Wallet.of(replace(world.wallet.context, request_policy=RequestPolicy.haip(), haip=True))
    named = page_request(world, protocol)
    world.partner = Named(world.partner.pki)
    other = page_request(world, protocol)
    assert world.run(world.wallet.pages.look(other)).consent.asker.trusted_by
    with pytest.raises(InvalidRequest, match="prefix"):
        world.run(wallet.pages.look(other))
    assert world.run(wallet.pages.look(named))


class Named(Partner):
    """A partner that says who it is by the name in its certificate."""

    client_id = ClientId(Prefix.X509_SAN_DNS, "library.example")


def test_copies_are_used_and_the_log_says_who_got_what(world):
    """T171, T263"""
    share(world, look(world))
    [held] = world.vault.credentials()
    assert [bool(copy.used_at) for copy in held.copies] == [True, False, False]
    begun, done = world.vault.log()[-2:]
    assert (begun.action, begun.outcome, done.action, done.outcome) == ("sharing", "begun", "shared", "done")
    assert (begun.party, done.completes) == ("City library", begun.number)
    assert [item.claims for item in begun.credentials] == [('["given_name"]',)]
    assert "Erika" not in repr(world.vault.log())


def test_the_same_question_twice_is_known_again_on_every_page_of_it(world):
    """T175"""
    share(world, look(world))
    assert look(world).consent.repeated
    assert look(world, UNSIGNED).consent.repeated
    assert not look(world, nonce="another-nonce-of-22-characters").consent.repeated


def test_the_last_fresh_copy_goes_to_one_page_alone(world):
    """T171"""
    for _ in range(2):
        share(world, look(world))
    first, second = look(world), look(world)
    share(world, first)
    with pytest.raises(Conflict):
        share(world, second)


def test_a_no_looks_like_having_nothing_and_says_no_word_more(world):
    """T168"""
    said_no = world.run(world.wallet.pages.decline(look(world)))
    world.partner.query = {"credentials": [dcql(("given_name",), vct="urn:other")]}
    has_nothing = world.run(world.wallet.pages.decline(look(world)))
    assert said_no == has_nothing == {"error": "access_denied"}
    assert [entry.outcome for entry in world.vault.log()[-2:]] == ["refused", "nothing held answers"]


def test_nothing_is_given_to_a_page_that_the_log_could_not_tell_of(world, monkeypatch):
    seen = look(world)
    monkeypatch.setattr(type(world.wallet.presenting), "_log", lambda _: None)
    with pytest.raises(LogDamaged):
        share(world, seen)


def test_a_page_is_answered_through_its_browser_and_a_link_where_it_says(world):
    presenting, pages = world.wallet.presenting, world.wallet.pages
    by_link, by_page = world.run(presenting.look(world.partner.link())), look(world)
    for exchange in (
        presenting.share(by_page, by_page.default_choice()),
        presenting.decline(by_page),
        pages.share(by_link, by_link.default_choice()),
        pages.decline(by_link),
    ):
        with pytest.raises(TypeError):
            world.run(exchange)
    assert not any(copy.used_at for held in world.vault.credentials() for copy in held.copies)
