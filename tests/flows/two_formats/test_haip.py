"""An mdoc under HAIP: attested keys, encryption and DPoP on the way, and it ends with its wallet as its other form does."""

import pytest

from protocol.formats import format_of
from tests.flows.test_vouched import make_town
from wallet.policy.cards import CardState

__all__ = ["make_town"]
pytestmark = pytest.mark.flow
PID = "eu.europa.ec.eudi.pid.1"


def test_both_forms_come_to_an_attested_wallet_in_batches_and_end_with_it(make_town):
    """TS3 1.5 §2.4.3: what hangs on a wallet that is blocked is revoked by the office itself, in whatever form."""
    town = make_town()
    plain, mdoc = town.receive("pid", "pid-mdoc")
    assert [(held.format, held.type, len(held.copies)) for held in (plain, mdoc)] == [
        ("dc+sd-jwt", "urn:eudi:pid:1", 10),
        ("mso_mdoc", PID, 10),
    ]
    # A copy of either form is bound to a key of its own
    assert len({copy.key for held in (plain, mdoc) for copy in held.copies}) == 20
    [card] = town.wallet.wallet.keeping.credentials()
    assert (len(card.forms), card.state) == (2, CardState.VALID)
    town.clock.ahead += 13 * 3600
    assert town.check_wallets() == 0
    town.wallet.run(town.wallet.wallet.vouching.report_lost())
    town.clock.ahead += 13 * 3600
    assert town.check_wallets() == 2
    [card] = town.wallet.run(town.wallet.wallet.keeping.look_up_status())
    assert [form.state for form in card.forms] == [CardState.REVOKED, CardState.REVOKED]


def test_each_copy_of_a_batch_is_a_document_of_its_own_that_says_the_same(make_town):
    """T144, T151: nothing but salts, keys and places in lists tells them apart."""
    town = make_town()
    [mdoc] = town.receive("pid-mdoc")
    context = town.wallet.wallet.context
    copies = [
        town.wallet.run(format_of(mdoc.format).verify_issued(copy.raw, anchors=context.anchors(), now=context.now()))
        for copy in mdoc.copies
    ]
    assert all(one.claims == copies[0].claims for one in copies)
    assert len({(one.issued_at, one.not_before, one.expires_at) for one in copies}) == 1
    assert len({one.raw for one in copies}) == len({one.holder_key for one in copies}) == len(copies)
    assert len({place for one in copies for place in one.status}) == len(copies)
