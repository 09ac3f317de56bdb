"""What is missing for a request is found, seen, fetched and then the same request goes on; until then nobody hears of it."""

from dataclasses import replace

import pytest

from protocol.errors import InvalidRequest, NotFound
from protocol.oid4vp.request_object import sign_request_object
from tests.support.pki import NOW
from tests.wallet.counterparts import dcql
from tests.wallet.service_town import gives
from wallet.service.services.errands import AS_IT_IS, LIFETIME, MAX_ERRANDS, RequestTooOld

NEEDS_BIRTH = {"credentials": [dcql(("birthdate",), query_id="birth", vct="urn:town:birth:1")]}


@pytest.fixture
def asked(there):
    """A request that cannot be answered: the birth certificate is missing."""
    there.receive_pid()
    there.partner.query = NEEDS_BIRTH
    return there.run(there.wallet.presenting.look(there.partner.link()))


def errands(town):
    return town.wallet.services.errands


def test_who_gives_what_is_missing_is_found_without_asking_anybody(there, asked):
    sent = [len(host.seen) for host in (there.agency, there.partner, there.publisher)]
    (proof,) = errands(there).missing(asked)
    assert [(giver.id, giver.provider) for giver in proof.givers] == [("birth-certificate", "City of Köln")]
    assert [len(host.seen) for host in (there.agency, there.partner, there.publisher)] == sent


def test_what_is_held_is_not_missing(there, asked):
    there.receive_child()
    again = there.run(there.wallet.presenting.look_again(asked))
    assert errands(there).missing(again) == ()


def test_without_a_catalogue_nobody_knows(town):
    town.partner.query = NEEDS_BIRTH
    asked = town.run(town.wallet.presenting.look(town.partner.link()))
    assert errands(town).missing(asked) == ()
    assert town.run(errands(town).wait(asked)).service == ""


def test_the_preview_asks_its_issuer_for_nothing_but_what_it_says_of_itself(there, asked):
    (proof,) = errands(there).missing(asked)
    there.agency.seen.clear()
    seen = there.run(errands(there).look_at(there.shown("birth-certificate"), proof))
    assert [one.name for one in seen.consent.credentials] == ["Birth certificate"]
    assert seen.consent.credentials[0].claims == ("First names", "Date of birth")
    assert (seen.consent.issuer.name, seen.consent.needs_login) == ("City of Köln", True)
    assert all("/.well-known/" in request.url for request in there.agency.seen)
    with pytest.raises(NotFound):
        there.run(errands(there).look_at(there.shown("library-card"), proof))


def test_the_same_request_goes_on_once_the_proof_is_there(there, asked):
    errand = there.run(errands(there).wait(asked))
    before = len(there.partner.seen)
    there.receive_child()
    again = there.run(errands(there).resume(errand))
    assert again.digest == asked.digest == errand.id
    assert again.match.satisfied
    # Whoever asks has heard nothing meanwhile
    assert len(there.partner.seen) == before
    there.run(there.wallet.presenting.share(again, again.default_choice()))
    assert len(there.partner.presented("birth")) == 1
    there.run(there.wallet.services.answered(again.digest, None))
    assert errands(there).waiting() == ()


def test_a_request_that_ran_out_has_its_service_begun_anew(there, asked):
    errand = there.run(errands(there).wait(asked))
    # The only service of the sender that needs just this
    assert errand.service == "child-benefit"
    there.now += 301
    with pytest.raises(RequestTooOld):
        there.run(errands(there).resume(errand))


def test_a_request_that_is_good_for_longer_waits_an_hour(there, asked):
    errand = there.run(errands(there).wait(asked))
    partner = there.partner
    lasting = sign_request_object(
        partner.request(), partner.pki.signer, x5c=partner.pki.x5c, issued_at=NOW - 1, expires_at=NOW + 10 * AS_IT_IS
    )
    errand = replace(errand, request=lasting)
    there.now += AS_IT_IS - 1
    assert there.run(errands(there).resume(errand)).digest == errand.id
    there.now += 1
    with pytest.raises(RequestTooOld):
        there.run(errands(there).resume(errand))


def test_who_would_not_give_it_to_this_citizen_is_no_way_to_it(there):
    there.receive_pid()
    pension = next(one for one in there.publisher.services if one["id"] == "pension")
    there.publisher.services = ({**pension, "gives": gives("urn:town:birth:1", "birth")},)
    there.publisher.seq += 1
    there.now += 3600
    there.fetch()
    there.partner.query = NEEDS_BIRTH
    there.partner.signed_at = there.now
    asked = there.run(there.wallet.presenting.look(there.partner.link()))
    assert [proof.givers for proof in errands(there).missing(asked)] == [()]


def test_whom_nothing_may_be_given_to_has_nothing_missing(there, asked):
    standing = replace(asked.consent.standing, answerable=False)
    barred = replace(asked, consent=replace(asked.consent, standing=standing))
    assert errands(there).missing(barred) == ()


def test_a_request_that_was_altered_does_not_go_on(there, asked):
    errand = there.run(errands(there).wait(asked))
    spoilt = type(errand)(
        **{name: getattr(errand, name) for name in errand.__slots__} | {"client_id": "x509_hash:aaaa"}
    )
    with pytest.raises(RequestTooOld):
        there.run(errands(there).resume(spoilt))


def test_nobody_waits_for_ever_and_only_so_many_do(there, asked):
    errand = there.run(errands(there).wait(asked))
    there.run(errands(there).wait(asked))
    assert [one.id for one in errands(there).waiting()] == [errand.id]
    there.now += LIFETIME
    assert errands(there).waiting() == ()
    with pytest.raises(NotFound):
        errands(there).find(errand.id)
    there.now -= LIFETIME
    for i in range(MAX_ERRANDS + 3):
        there.partner.changes = {"nonce": f"nonce-of-at-least-22-characters-{i}"}
        there.run(errands(there).wait(there.run(there.wallet.presenting.look(there.partner.link()))))
    assert len(there.vault.errands()) == MAX_ERRANDS


def test_only_what_came_signed_by_a_link_can_wait(there, asked):
    with pytest.raises(InvalidRequest):
        there.run(errands(there).wait(replace(asked, verified=replace(asked.verified, raw=""))))


def test_nothing_of_an_errand_says_who_asks_for_what(there, asked):
    errand = there.run(errands(there).wait(asked))
    assert "library" not in repr(errand)
