"""Batches of mdocs: tokens end before they come, one form does not come, a batch is asked for again."""

from dataclasses import replace

import pytest

from protocol.fields import Fields
from protocol.formats import format_of
from protocol.keys import P256Key
from protocol.oid4vci.obtain import fetch_credentials
from protocol.trust.anchors import Role
from runtime import system
from runtime.anchors import write_anchor
from tests.flows.parties import CARD_DOCTYPE, CITIZEN, with_new_wallet
from tests.flows.test_refresh import renew
from wallet.policy.receiving import WhyNot

pytestmark = pytest.mark.flow


def take(town):
    """The citizen takes an offer of both forms; nothing is fetched yet."""
    receiving, run = town.wallet.wallet.receiving, town.wallet.run
    offer = Fields(town.offer("card", "card-mdoc"), "offer")
    seen = run(receiving.look(offer.text("uri")))
    return seen, run(receiving.take(seen, offer.text("tx_code")))


def test_a_wallet_that_comes_back_late_gets_both_forms_as_one_document(town):
    """T158: the access token is long over when the wallet is opened again."""
    _, pending = take(town)
    town.clock.ahead += pending.read_tokens().expires_in + 1
    receiving, run = town.wallet.wallet.receiving, town.wallet.run
    [left] = town.wallet.wallet.keeping.pending()
    arrived = run(receiving.fetch(left))
    assert (arrived.failed, len(arrived.documents)) == ((), 1)
    run(receiving.keep(arrived))
    [card] = town.wallet.wallet.keeping.credentials()
    assert [form.copies for form in card.forms] == [10, 10]


def test_a_new_batch_of_an_mdoc_comes_for_renewed_tokens_and_is_revoked_with_the_first(town):
    """T080: copies of whatever batch are one document to the office."""
    seen, pending = take(town)
    run, anchors = town.wallet.run, town.wallet.wallet.context.anchors()
    arrived = run(town.wallet.wallet.receiving.fetch(pending, seen.contact))
    tokens = renew(town, arrived, arrived.tokens)
    known = {line["id"] for line in town.issuer.get("/api/credentials", subject=CITIZEN).json()}
    keys = [P256Key.generate(system.random_bytes) for _ in range(3)]
    answer = run(fetch_credentials(arrived.contact, tokens, "card-mdoc", keys, arrived.client))
    mdoc = format_of("mso_mdoc")
    fresh = [run(mdoc.verify_issued(raw, anchors=anchors, now=town.clock())) for raw in answer.credentials]
    assert {one.holder_key for one in fresh} == {key.public_key for key in keys}
    first = next(held for held in arrived.held if held.format == "mso_mdoc")
    assert all(one.claims == first.read_claims() for one in fresh)
    lines = town.issuer.get("/api/credentials", subject=CITIZEN).json()
    new = [line for line in lines if line["id"] not in known]
    assert {line["credential_configuration_id"] for line in new} == {"card-mdoc"}
    town.issuer.post(f"/api/credentials/{new[0]['id']}/revoke")
    run(town.wallet.wallet.receiving.keep(arrived))
    [card] = run(town.wallet.wallet.keeping.look_up_status())
    assert [str(form.state) for form in card.forms] == ["valid", "revoked"]


def test_a_form_that_does_not_hold_is_left_out_and_said_to_be_a_part(services, tmp_path):
    """T186: whom this wallet trusts with the one form alone may not bring the other."""
    pem = (services.anchors / "issuer.pem").read_bytes()
    anchors = tmp_path / "anchors"
    write_anchor(anchors, "issuer.pem", pem, role=Role.ISSUER, name="A list", types=("urn:example:card:1",))
    with with_new_wallet(replace(services, anchors=anchors), tmp_path) as town:
        seen, pending = take(town)
        receiving, run = town.wallet.wallet.receiving, town.wallet.run
        arrived = run(receiving.fetch(pending, seen.contact))
        [item], [failed] = arrived.documents, arrived.failed
        assert [form.in_person for form in item.shown.forms] == [False]
        assert (failed.configuration_id, failed.partly, failed.why) == ("card-mdoc", True, WhyNot.NOT_GOOD)
        [kept] = run(receiving.keep(arrived))
        assert (kept.document, kept.type) == ("", "urn:example:card:1")
        assert CARD_DOCTYPE not in {held.type for held in town.wallet.wallet.context.store.credentials()}
