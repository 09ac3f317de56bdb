"""A page that asks for documents as ISO/IEC TS 18013-7 annex C has it: considered like any request, answered for its origin."""

import json
from dataclasses import dataclass, replace

import pytest

from protocol.errors import Conflict, InvalidRequest
from protocol.oid4vp.answer import RequestPolicy
from protocol.oid4vp.dc_api import PageRequest
from protocol.oid4vp.response import ErrorResponse
from protocol.trust.anchors import TrustAnchors
from tests.protocol.device_retrieval.page_side import Page
from tests.protocol.device_retrieval.samples import ISSUER, LICENCE, OTHER, dcql, query
from tests.protocol.mdoc.samples import SPACE, issued
from tests.support.pki import make_pki
from tests.wallet.counterparts import PARTNER, World
from tests.wallet.licences import held_licence
from wallet.policy.presenting import LogDamaged
from wallet.policy.showing import party_shown
from wallet.service import Wallet

EVIL = "https://evil.example"
PAGE = Page(PARTNER)
ASKED = dcql(query((SPACE, "family_name"), (SPACE, "age_over_18")))
SIGNED, UNSIGNED = "signed", "unsigned"
BOTH = [SIGNED, UNSIGNED]


@dataclass
class LicenceWorld(World):
    """A wallet that trusts whoever issues licences."""

    def anchors(self):
        """Whom the wallet trusts."""
        return TrustAnchors([*super().anchors().anchors, ISSUER.anchor])


@pytest.fixture
def world(vault):
    """A wallet that holds a driving licence in two copies."""
    world = LicenceWorld(vault)
    vault.write(put=[held_licence(LICENCE, issued(pki=ISSUER, random=2))])
    return world


def page_request(world, kind=SIGNED, asked=ASKED, page=PAGE, **changes):
    """What a page of the partner asks."""
    pki = world.partner.pki
    who = {"signer": pki.signer, "chain": pki.certificates} if kind == SIGNED else {"signer": None, "chain": ()}
    data = page.asks(asked, **{**who, **changes})
    return PageRequest("org-iso-mdoc", data, page.origin)


def look(world, kind=SIGNED, **how):
    return world.run(world.wallet.pages.look(page_request(world, kind, **how)))


def share(world, seen):
    return world.run(world.wallet.pages.share(seen, seen.default_choice()))


def judged(data, page=PAGE, asked=ASKED):
    """What the partner finds."""
    return page.judges(data, asked)


@pytest.mark.parametrize("kind", BOTH)
def test_a_page_gets_what_it_asked_for_and_no_more(world, kind):
    """T169"""
    seen = look(world, kind)
    assert seen.consent.encrypted
    found = judged(share(world, seen))
    assert (found.accepted, found.surplus) == (True, {})
    assert found.claims == {"licence": ({SPACE: {"family_name": "Mustermann", "age_over_18": True}},)}
    assert world.partner.seen == []


def test_the_user_sees_before_what_the_page_would_see(world):
    (question,) = look(world).consent.questions
    (choice,) = question.choices
    assert choice.name == "Driving licence"
    assert [claim.path for claim in choice.claims] == [(SPACE, "family_name"), (SPACE, "age_over_18")]


def test_whoever_signed_is_shown_as_who_asks_and_the_page_beside_it(world):
    asker = look(world).consent.asker
    assert (asker.name, asker.host, asker.trusted_by) == ("City library", "library.example", "Test authority")
    assert asker.identifier == str(world.partner.client_id)


def test_without_a_signature_the_user_sees_the_page_alone_and_that_nobody_vouches_for_it(world):
    seen = look(world, UNSIGNED)
    assert seen.consent.asker == party_shown(None, f"origin:{PARTNER}", PARTNER)
    assert seen.consent.asker.host == "library.example"
    assert seen.consent.needs_thought


def test_a_page_that_replays_the_request_of_another_is_refused_and_noted(world):
    """T167"""
    with pytest.raises(InvalidRequest, match="does not hold"):
        world.run(world.wallet.pages.look(replace(page_request(world), origin=EVIL)))
    entry = world.vault.log()[-1]
    assert (entry.action, entry.party_id) == ("failed", f"origin:{EVIL}")


def test_a_replayed_unsigned_request_is_answered_for_the_page_that_replays_it(world):
    """T167: what the page in front of the user gets is good nowhere else."""
    seen = world.run(world.wallet.pages.look(replace(page_request(world, UNSIGNED), origin=EVIL)))
    assert seen.consent.asker.host == "evil.example"
    data = share(world, seen)
    with pytest.raises(InvalidRequest, match="cannot be decrypted"):
        judged(data)
    assert judged(data, Page(EVIL)).accepted


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"data": {}}, id="nothing"),
        pytest.param({"protocol": "openid4vp-v1-unsigned"}, id="in another protocol"),
        pytest.param({"origin": "null"}, id="no page"),
        pytest.param({"origin": "http://library.example"}, id="a page that anybody could be"),
    ],
)
@pytest.mark.parametrize("kind", BOTH)
def test_what_cannot_be_answered_is_refused_and_noted(world, kind, change):
    before = len(world.vault.log())
    with pytest.raises(InvalidRequest):
        world.run(world.wallet.pages.look(replace(page_request(world, kind), **change)))
    assert [entry.action for entry in world.vault.log()[before:]] == ["failed"]
    assert not any(copy.used_at for one in world.vault.credentials() for copy in one.copies)


def test_a_signer_whom_nobody_trusts_is_refused(world):
    world.partner.pki = make_pki()
    with pytest.raises(InvalidRequest):
        look(world)


@pytest.mark.parametrize("kind", BOTH)
def test_a_strict_wallet_answers_too(world, kind):
    """HAIP 1.0 §5.2 is about OpenID4VP through the browser, and leaves this way as it is (docs/decisions/0020)."""
    wallet = Wallet.of(replace(world.wallet.context, request_policy=RequestPolicy.haip(), haip=True))
    seen = world.run(wallet.pages.look(page_request(world, kind)))
    assert judged(world.run(wallet.pages.share(seen, seen.default_choice()))).accepted


def test_copies_are_used_and_the_log_says_who_got_what(world):
    """T171, T263"""
    share(world, look(world))
    [held_now] = world.vault.credentials()
    assert [bool(copy.used_at) for copy in held_now.copies] == [True, False]
    begun, done = world.vault.log()[-2:]
    assert (begun.action, begun.outcome, done.action, done.outcome) == ("sharing", "begun", "shared", "done")
    assert (begun.party, done.completes) == ("City library", begun.number)
    assert "Mustermann" not in repr(world.vault.log())


def test_the_same_question_twice_is_known_again(world):
    """T175"""
    share(world, look(world))
    assert look(world).consent.repeated
    assert not look(world, page=Page(PARTNER, nonce=bytes(32))).consent.repeated


def test_the_last_fresh_copy_goes_to_one_page_alone(world):
    """T171"""
    share(world, look(world))
    first, second = look(world), look(world)
    share(world, first)
    with pytest.raises(Conflict):
        share(world, second)


def test_what_is_not_held_is_left_out_and_the_user_sees_it_before(world):
    asked = dcql(query((SPACE, "family_name"), (SPACE, "birth_place")))
    seen = look(world, asked=asked)
    (question,) = seen.consent.questions
    assert [claim.path for claim in question.choices[0].claims] == [(SPACE, "family_name")]
    found = judged(share(world, seen), asked=asked)
    assert not found.accepted


def test_a_no_looks_like_having_nothing_and_says_no_word_more(world):
    """T168"""
    elsewhere = dcql(query((SPACE, "family_name"), doc_type=OTHER))
    said_no = world.run(world.wallet.pages.decline(look(world)))
    has_nothing = world.run(world.wallet.pages.decline(look(world, asked=elsewhere)))
    assert PAGE.reads(said_no) == PAGE.reads(has_nothing, elsewhere) == ErrorResponse("access_denied")
    assert len(json.dumps(said_no)) == len(json.dumps(has_nothing))
    assert [entry.outcome for entry in world.vault.log()[-2:]] == ["refused", "nothing held answers"]


def test_nothing_is_given_to_a_page_that_the_log_could_not_tell_of(world, monkeypatch):
    seen = look(world)
    monkeypatch.setattr(type(world.wallet.presenting), "_log", lambda _: None)
    with pytest.raises(LogDamaged):
        share(world, seen)


def test_an_answer_that_cannot_be_made_is_noted_and_its_copy_counts_as_seen(world, monkeypatch):
    """T171"""

    def fail(*_):
        raise InvalidRequest("it cannot be encrypted")

    seen = look(world)
    monkeypatch.setattr("wallet.service.page_presenting.answer_documents", fail)
    with pytest.raises(InvalidRequest, match="cannot be encrypted"):
        share(world, seen)
    assert world.actions()[-1] == ("failed", "it cannot be encrypted")
    assert [bool(copy.used_at) for copy in world.vault.credentials()[0].copies] == [True, False]


def test_a_page_is_answered_through_its_browser_alone(world):
    seen = look(world)
    presenting = world.wallet.presenting
    for exchange in (presenting.share(seen, seen.default_choice()), presenting.decline(seen)):
        with pytest.raises(TypeError):
            world.run(exchange)
    assert not any(copy.used_at for one in world.vault.credentials() for copy in one.copies)
