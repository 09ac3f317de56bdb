"""A citizen moves: the register changes, what depends on it ends, the wallet fetches it anew, and only the new one counts."""

import json

import pytest

from protocol.oid4vci.client import IssuerRefused
from protocol.oid4vci.obtain import fetch_tokens
from protocol.oid4vci.token import RefreshTokenGrant, TokenRequest
from tests.flows.parties import CITIZEN
from wallet.policy.cards import CardState
from wallet.policy.renewing import NotRenewed, WhyNotRenewed, WhyRenew
from wallet.records import RenewalGrant

pytestmark = pytest.mark.flow


def patch(town, record, *, preview=False):
    """The register changes."""
    body = {"subject": CITIZEN, "record": record, "preview": preview}
    answer = town.issuer.client.patch(f"{town.issuer.address}/api/people", json=body)
    answer.raise_for_status()
    return {line["credential_configuration_id"]: line for line in answer.json()}


def move(town, locality, **options):
    """The citizen lives elsewhere now."""
    return patch(town, {"address": {"locality": locality}}, **options)


def document(town, kind):
    """The citizen's document of a type."""
    found = [one for one in town.wallet.wallet.keeping.documents() if kind in one.types]
    return found[-1]


def state(town, kind):
    """How the wallet says that it stands."""
    return town.wallet.wallet.keeping.shown(document(town, kind)).state


def issued_since(town, before=()):
    """What the citizen was issued, beyond what was there before."""
    known = {line["id"] for line in before}
    return [
        line
        for line in town.issuer.get("/api/credentials", subject=CITIZEN).json()
        if line["id"] not in known and line["credential_configuration_id"] == "pid"
    ]


def sign_up(town):
    """Show where one lives: the state of the answer, and the town that the library saw."""
    request = town.verifier.post("/api/requests", use_case="library-sign-up")
    town.share(request["uri"])
    found = town.verdict(request)
    seen = json.dumps(found)
    return found["state"], [place for place in ("Altstadt an der See", "Neustadt an der See") if place in seen]


RESIDENCE, PID = "urn:hoheit:residence:1", "urn:eudi:pid:1"
OLD, NEW = "Altstadt an der See", "Neustadt an der See"


def test_who_moves_gets_a_new_proof_of_residence_and_the_old_one_counts_no_more(town):
    move(town, OLD)
    town.receive("pid")
    town.receive("residence")
    assert sign_up(town) == ("accepted", [OLD])

    told = move(town, NEW, preview=True)
    assert (told["residence"]["fate"], told["residence"]["changed"]) == ("at once", [["address", "locality"]])
    assert sign_up(town) == ("accepted", [OLD]), "looking at what would be does nothing"

    done = move(town, NEW)
    assert done["residence"] == told["residence"]
    assert sign_up(town)[0] == "refused"
    wallet, run = town.wallet.wallet, town.wallet.run
    assert wallet.renewing.due() == ()
    run(wallet.keeping.look_up_status())
    assert state(town, RESIDENCE) is CardState.REVOKED
    assert [why for _, why in wallet.renewing.due()] == [WhyRenew.TAKEN_BACK]
    before = document(town, RESIDENCE)

    assert run(wallet.renewing.run_due()) == 1
    after = document(town, RESIDENCE)
    assert after.id == before.id
    assert after.forms[0].issuance_of != before.forms[0].issuance_of
    assert {copy.raw for copy in after.forms[0].copies}.isdisjoint(copy.raw for copy in before.forms[0].copies)
    assert {copy.key for copy in after.forms[0].copies}.isdisjoint(copy.key for copy in before.forms[0].copies)
    assert state(town, RESIDENCE) is CardState.VALID
    assert sign_up(town) == ("accepted", [NEW])

    [event] = wallet.renewing.events()
    assert (event.id, event.changed) == (after.id, ('["address","locality"]',))
    [changed] = wallet.renewing.shown(after).changed
    assert changed.value == NEW
    run(wallet.renewing.mark_seen(after))
    assert wallet.renewing.shown(after).changed == ()
    [entry] = [entry for entry in wallet.keeping.log() if entry.action == "renewed"]
    assert [one.claims for one in entry.credentials] == [('["address","locality"]',)]
    assert NEW not in repr(wallet.keeping.log())


def test_a_new_name_leaves_the_old_card_good_until_the_wallet_has_the_new_one(town):
    patch(town, {"family_name": "Alt"})
    before = issued_since(town)
    town.receive("pid")
    line = patch(town, {"family_name": "Neu"}, preview=True)["pid"]
    assert line["fate"] == "replaced"
    assert line["ends_at"] > town.clock()
    patch(town, {"family_name": "Neu"})
    wallet, run = town.wallet.wallet, town.wallet.run
    run(wallet.keeping.look_up_status())
    assert state(town, PID) is CardState.VALID
    old = document(town, PID)
    done = run(wallet.renewing.renew(old))
    assert '["family_name"]' in done.changed
    issued = issued_since(town, before)
    # The wallet said that it has the new ones, and that ended the old ones
    assert sorted(line["state"] for line in issued) == ["revoked"] * 10 + ["valid"] * 10


def test_what_was_changed_by_mistake_and_put_right_ends_nothing(town):
    patch(town, {"family_name": "Recht"})
    before = issued_since(town)
    town.receive("pid")
    mine = {line["id"] for line in issued_since(town, before)}

    def fate(name):
        body = {"subject": CITIZEN, "record": {"family_name": name}}
        lines = town.issuer.client.patch(f"{town.issuer.address}/api/people", json=body).json()
        return [(line["fate"], bool(line["ends_at"])) for line in lines if line["credential_id"] in mine]

    assert fate("Falsch") == [("replaced", True)]
    assert fate("Recht") == [("same", False)]
    assert fate("Falsch") == [("replaced", True)]


def test_a_filled_up_batch_leaves_the_old_copies_to_their_end(town):
    before = issued_since(town)
    town.receive("pid")
    run = town.wallet.run
    run(town.wallet.wallet.renewing.renew(document(town, PID)))
    assert [line["state"] for line in issued_since(town, before)] == ["valid"] * 20
    assert len(document(town, PID).forms[0].copies) == 10


def test_a_stolen_refresh_token_is_worth_nothing_without_the_key_and_its_family_ends(town):
    """T114"""
    town.receive("pid")
    wallet, run = town.wallet.wallet, town.wallet.run
    [grant] = wallet.context.store.grants()
    seen = run(wallet.receiving.look(town.offer("pid")["uri"]))
    thief = wallet.vouching.dpop_client(wallet.context.new_session_key())
    with pytest.raises(IssuerRefused, match="invalid_grant"):
        run(fetch_tokens(seen.contact, TokenRequest(RefreshTokenGrant(grant.refresh_token)), thief))
    with pytest.raises(NotRenewed) as refusal:
        run(wallet.renewing.renew(document(town, PID)))
    assert refusal.value.why is WhyNotRenewed.OVER
    [over] = wallet.context.store.grants()
    assert isinstance(over, RenewalGrant)
    assert (over.refresh_token, over.over) == ("", "invalid_grant")
    assert len(document(town, PID).forms[0].copies) == 10, "what is held stays"


def test_what_a_clerk_has_revoked_is_renewed_no_more(town):
    """T114"""
    before = {line["id"] for line in town.issuer.get("/api/credentials", subject=CITIZEN).json()}
    town.receive("residence")
    now = {line["id"] for line in town.issuer.get("/api/credentials", subject=CITIZEN).json()}
    town.issuer.post(f"/api/credentials/{min(now - before)}/revoke")
    with pytest.raises(NotRenewed) as refusal:
        town.wallet.run(town.wallet.wallet.renewing.renew(document(town, RESIDENCE)))
    assert refusal.value.why is WhyNotRenewed.OVER


def test_who_is_not_in_the_register_any_more_has_no_documents_but_a_degree(town):
    town.receive("pid")
    town.receive("diploma")
    told = {
        line["credential_configuration_id"]: line["fate"]
        for line in _gone(town, preview=True)
        if line["credential_configuration_id"] in ("pid", "diploma")
    }
    assert told == {"pid": "ended", "diploma": "stays"}


def _gone(town, *, preview):
    answer = town.issuer.client.post(
        f"{town.issuer.address}/api/people/gone", json={"subject": CITIZEN, "preview": preview}
    )
    answer.raise_for_status()
    return answer.json()
