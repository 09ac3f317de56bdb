"""Documents are fetched anew: all copies at once, in one change of the vault, and nothing is lost on the way."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from protocol.encoding import encode_json
from protocol.errors import Conflict, NotFound, Unavailable, Unreachable
from tests.support.pki import NOW, Template, make_pki
from tests.wallet.counterpart_agency import AGENCY, CLAIMS, Agency, answer
from tests.wallet.counterparts import World, held
from tests.wallet.service.asked import paths
from tests.wallet.service.status_host import STATUS_URI, StatusHost
from wallet.policy.renewing import NotRenewed, WhyNotRenewed, WhyRenew

OVER = answer({"error": "invalid_grant"}, 400)
DENIED = answer({"error": "credential_request_denied"}, 400)


@pytest.fixture
def world(vault):
    """A wallet with a document that can be renewed."""
    world = World(vault, Agency(refresh_token="refresh-1"))
    world.receive()
    world.agency.seen.clear()
    world.agency.notifications.clear()
    return world


def document(world):
    """The one document."""
    [found] = world.wallet.keeping.documents()
    return found


def renew(world, why=WhyRenew.ASKED):
    """Renew it."""
    return world.run(world.wallet.renewing.renew(document(world), why))


def moved(world):
    """The register says something else."""
    world.agency.claims = {**CLAIMS, "family_name": "Neumann"}


def grants(world):
    """The rights to renew that the vault has."""
    return world.vault.grants()


def test_new_copies_take_the_place_of_the_old_ones(world):
    old = document(world).forms[0]
    moved(world)
    world.now = NOW + 60
    done = renew(world)
    new = document(world).forms[0]
    assert (new.id, new.grant, len(new.copies)) == (old.id, old.grant, 3)
    assert {copy.key for copy in new.copies}.isdisjoint(copy.key for copy in old.copies)
    assert (new.issuance_of, old.issuance_of) != (old.issuance_of, new.issuance_of)
    assert done.changed == ('["family_name"]',)
    assert world.vault.pending() == ()
    assert paths(world.agency) == [
        "/.well-known/openid-credential-issuer",
        "/.well-known/oauth-authorization-server",
        "/token",
        "/nonce",
        "/credential",
        "/notification",
    ]
    assert [note["event"] for note in world.agency.notifications] == ["credential_accepted"]


def test_the_right_is_asked_for_with_the_key_that_it_hangs_on(world):
    renew(world)
    form = dict(parse_qsl(next(r for r in world.agency.seen if r.url.endswith("/token")).body.decode()))
    assert form == {"grant_type": "refresh_token", "refresh_token": "refresh-1"}


def test_what_changed_is_shown_until_it_was_seen_and_no_value_is_in_the_log(world):
    moved(world)
    renew(world)
    renewing = world.wallet.renewing
    [changed] = renewing.shown(document(world)).changed
    assert (changed.label, changed.value) == ("Family name", "Neumann")
    renew(world)
    assert [claim.value for claim in renewing.shown(document(world)).changed] == ["Neumann"], "not seen yet"
    world.run(renewing.mark_seen(document(world)))
    assert renewing.shown(document(world)).changed == ()
    [first, second] = [entry for entry in world.vault.log() if entry.action == "renewed"]
    assert (first.credentials[0].claims, second.credentials[0].claims) == (('["family_name"]',), ())
    assert "Neumann" not in repr(world.vault.log()) + repr(world.vault.renewed())


def test_what_does_not_stand_there_any_more_is_told_by_its_name(world):
    world.agency.claims = {name: value for name, value in CLAIMS.items() if name != "family_name"}
    renew(world)
    assert world.wallet.renewing.gone_labels(document(world)) == ("Family name",)
    assert world.wallet.renewing.shown(document(world)).changed == ()


def test_others_learn_which_document_changed_in_which_data(world):
    moved(world)
    renew(world, WhyRenew.TAKEN_BACK)
    [event] = world.wallet.renewing.events()
    assert (event.id, event.reason, event.changed) == (document(world).id, "taken back", ('["family_name"]',))
    assert event.types == tuple(document(world).types)


def test_a_server_that_gives_another_token_is_shown_that_one_next(world):
    """RFC 6749 §6"""
    world.agency.refresh_token = "refresh-2"
    renew(world)
    assert grants(world)[0].refresh_token == "refresh-2"
    world.agency.seen.clear()
    renew(world)
    assert b"refresh-2" in next(r for r in world.agency.seen if r.url.endswith("/token")).body


def test_a_server_that_gives_none_keeps_the_old_one(world):
    world.agency.refresh_token = None
    renew(world)
    assert grants(world)[0].refresh_token == "refresh-1"


def test_a_right_that_is_over_is_remembered_and_asked_for_no_more(world):
    world.agency.refuse = {"/token": OVER}
    with pytest.raises(NotRenewed) as refusal:
        renew(world)
    assert refusal.value.why is WhyNotRenewed.OVER
    [grant] = grants(world)
    assert (grant.refresh_token, grant.over) == ("", "invalid_grant")
    shown = world.wallet.renewing.shown(document(world))
    assert (shown.possible, shown.over) == (False, True)
    assert len(document(world).forms[0].copies) == 3
    world.agency.seen.clear()
    with pytest.raises(NotRenewed):
        renew(world)
    assert paths(world.agency) == []


def test_a_no_of_the_register_leaves_everything_as_it_was(world):
    before = document(world)
    world.agency.refuse = {"/credential": DENIED}
    with pytest.raises(NotRenewed) as refusal:
        renew(world)
    assert refusal.value.why is WhyNotRenewed.REFUSED
    assert document(world) == before
    assert world.vault.pending() == ()
    assert grants(world)[0].tried_at == NOW


def test_after_a_no_the_wallet_does_not_ask_by_itself_for_a_while(world):
    world.agency.refuse = {"/credential": DENIED}
    world.vault.write(put=[replace(document(world).forms[0], received_at=NOW - 1000, expires_at=NOW + 10)])
    assert [why for _, why in world.wallet.renewing.due()] == [WhyRenew.ENDING]
    assert world.run(world.wallet.renewing.run_due()) == 0
    assert world.wallet.renewing.due() == ()


@pytest.mark.parametrize("broken", [Unreachable("away"), answer({}, 503)])
@pytest.mark.parametrize("place", ["/token", "/nonce", "/credential"])
def test_what_was_cut_off_goes_on_and_the_old_one_holds_meanwhile(world, place, broken):
    before = document(world)
    world.agency.refuse = {place: broken}
    with pytest.raises(Unreachable):
        renew(world)
    assert document(world) == before
    assert world.wallet.keeping.pending() == (), "nobody has to go on by hand"
    world.agency.refuse = {}
    renew(world)
    assert document(world).forms[0].issuance_of != before.forms[0].issuance_of
    assert world.vault.pending() == ()


def test_a_wallet_that_is_killed_at_any_moment_has_the_old_one_or_the_new_one(vault, monkeypatch):
    """T158: killed before or after any effect; there is always one document with all its copies, and it can be renewed."""

    class Killed(BaseException):
        pass

    seen = set()
    for number in range(60):
        vault.write(drop=[*vault.credentials(), *vault.pending(), *vault.grants(), *vault.renewed()])
        world = World(vault, Agency(refresh_token="refresh-1"))
        world.receive()
        moved(world)
        done, original = 0, world.perform

        def perform(effect, *, original=original, number=number):
            nonlocal done
            if done == number:
                raise Killed
            done += 1
            outcome = original(effect)
            if done == number:
                raise Killed
            return outcome

        monkeypatch.setattr(world, "perform", perform)
        try:
            renew(world)
        except Killed:
            pass
        else:
            break
        again = World(vault, Agency(refresh_token="refresh-1", claims=world.agency.claims))
        [held_now] = vault.credentials()
        seen.add("Neumann" in held_now.claims)
        assert len(held_now.copies) == 3
        assert {again.wallet.context.keys.signer(copy.key).public_key for copy in held_now.copies}
        renew(again)
        assert "Neumann" in vault.credentials()[0].claims
        assert vault.pending() == ()
        assert len(vault.grants()) == 1
    else:
        pytest.fail("it never came to its end")
    assert seen == {True, False}


def test_what_was_deleted_meanwhile_stays_deleted(world):
    """The answer comes when the document is gone: nothing comes back, and the issuer is told."""
    whole = document(world)
    original = world.agency.respond

    def respond(request):
        response = original(request)
        if request.url.endswith("/credential"):
            world.run(world.wallet.keeping.forget(whole))
        return response

    world.agency.respond = respond
    with pytest.raises(NotFound):
        renew(world)
    assert world.vault.credentials() == ()
    assert world.vault.pending() == ()
    assert grants(world) == ()


def test_forgetting_the_last_document_forgets_the_right_to_renew_it(world):
    moved(world)
    renew(world)
    world.run(world.wallet.keeping.forget(document(world)))
    assert (grants(world), world.vault.renewed()) == ((), ())


def test_a_document_of_somebody_else_is_no_renewal(world):
    """Who signs with another name takes no document's place."""
    before = document(world)
    world.agency.pki = replace(
        make_pki(Template(common_name="Town of Bonn"), key=world.agency.pki.signer), root=world.agency.pki.root
    )
    with pytest.raises(NotRenewed) as refusal:
        renew(world)
    assert refusal.value.why is WhyNotRenewed.NOT_GOOD
    assert document(world) == before


def test_a_copy_for_a_key_that_is_not_ours_is_no_renewal(world):
    """T151"""
    before = document(world)
    world.agency.spoil = lambda issued: [issued[0], issued[0]]
    with pytest.raises(NotRenewed) as refusal:
        renew(world)
    assert refusal.value.why is WhyNotRenewed.NOT_GOOD
    assert document(world) == before
    assert [note["event"] for note in world.agency.notifications] == ["credential_failure"]


def test_a_document_without_the_right_says_so(vault):
    world = World(vault)
    world.receive()
    with pytest.raises(NotRenewed) as refusal:
        renew(world)
    assert refusal.value.why is WhyNotRenewed.NEVER
    assert world.wallet.renewing.due() == ()


def test_the_same_document_is_not_renewed_twice_at_once(world):
    """Two uses of one token at once look like a theft."""
    first = world.wallet.renewing.renew(document(world))
    next(first)
    with pytest.raises(Conflict):
        renew(world)
    first.close()
    renew(world)


def test_what_is_shown_was_seen_before(world):
    """T169: between the question and the yes the document was renewed and says something else."""
    presenting = world.wallet.presenting
    seen = world.run(presenting.look(world.partner.link()))
    moved(world)
    renew(world)
    with pytest.raises(Conflict, match="nothing was sent"):
        world.run(presenting.share(seen, seen.default_choice()))
    assert not [copy for copy in document(world).forms[0].copies if copy.used_at]


def test_the_background_renews_what_was_taken_back_and_asks_about_once_a_day(world):
    host = StatusHost(world.agency.pki, values={20: 1, 21: 1, 22: 1})
    world.more["https://status.example"] = host
    world.agency.status_uri = STATUS_URI
    renew(world)
    renewing = world.wallet.renewing
    assert world.run(renewing.run_due()) == 0
    assert host.seen == [], "what just came need not be looked up"
    world.vault.write(put=[replace(document(world).forms[0], received_at=NOW - 20 * 3600)])
    world.agency.status_uri = None
    assert world.run(renewing.run_due()) == 1
    assert len(host.seen) == 1
    assert document(world).forms[0].status == ""


def test_the_background_ends_with_the_vault(world):
    world.vault.write(put=[replace(document(world).forms[0], status="invalid")])
    world.agency.refuse = {"/token": Unavailable("the vault is closed")}
    with pytest.raises(Unavailable):
        world.run(world.wallet.renewing.run_due())


def test_a_vault_of_an_older_program_stays_readable(vault):
    """Records of before have no right to renew, and no name of their issuance."""
    old = held("one")
    vault.write(put=[old])
    world = World(vault)
    [found] = world.wallet.keeping.documents()
    assert (found.forms[0].grant, found.forms[0].issuance_of) == ("", "one")
    assert not world.wallet.renewing.shown(found).possible


def test_a_new_passphrase_keeps_the_right_to_renew(world):
    moved(world)
    renew(world)
    before = (grants(world), world.vault.renewed())
    world.vault.change_passphrase("another good passphrase")
    assert (grants(world), world.vault.renewed()) == before
    renew(world)


def test_the_issuer_is_asked_where_the_document_came_from(world):
    renew(world)
    assert {request.url.startswith(AGENCY) for request in world.agency.seen} == {True}
    assert encode_json(grants(world)[0].read_offer().to_dict()).count(b"pre-authorized") == 0
