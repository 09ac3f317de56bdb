"""What is held and what happened, seen by its owner; and making it go away."""

from dataclasses import replace

import pytest

from protocol.credential import IdentifierReference, StatusReference
from protocol.errors import NotFound, Unreachable
from protocol.exchange import HttpResponse
from protocol.mdoc.mso import MsoStatus
from protocol.status.identifier_list import MEDIA_TYPE, sign_identifier_list
from tests.protocol.mdoc import samples as mdoc
from tests.support.pki import NOW, make_pki
from tests.wallet.counterpart_agency import AGENCY, Agency, answer
from tests.wallet.counterparts import World, held
from tests.wallet.service.status_host import STATUS_URI, StatusHost
from wallet.policy.presenting import Caution
from wallet.records import Copy

STATUS = "https://status.example"


@pytest.fixture
def world(vault):
    """A wallet whose credentials have a status that can be looked up."""
    agency = Agency(status_uri=STATUS_URI)
    world = World(vault, agency, more={STATUS: StatusHost(agency.pki)})
    world.receive()
    return world


def test_what_is_held_is_seen_with_everything_in_it(world):
    [shown] = world.wallet.keeping.credentials()
    assert (shown.name, shown.issuer.name, shown.issuer.trusted_by) == ("Personal ID", "City of Köln", "Test authority")
    assert shown.issuer.identifier == AGENCY
    [form] = shown.forms
    assert (form.copies, form.unused_copies, form.in_person, shown.cautions) == (3, 3, False, ())
    assert {claim.label: claim.value for claim in shown.claims}["Date of birth"] == "1990-03-07"


def test_what_expired_is_still_seen_and_called_expired(world):
    """T174: the user may read it, and nobody else."""
    world.now = NOW + 200_000
    [shown] = world.wallet.keeping.credentials()
    assert shown.cautions == (Caution.EXPIRED,)
    assert len(shown.claims) == 7


def test_a_credential_is_found_by_how_its_id_begins(vault, world):
    vault.write(put=[held("aa1"), held("aa2"), held("aa")])
    keeping = world.wallet.keeping
    assert keeping.find("aa1").id == "aa1"
    assert keeping.find("aa").id == "aa"
    for nothing in ("a", "", "zz", "aa11"):
        with pytest.raises(NotFound):
            keeping.find(nothing)


def test_what_is_forgotten_is_gone_with_its_keys_and_nobody_is_told(world):
    """T228"""
    before = len(world.agency.seen)
    [kept] = world.vault.credentials()
    world.run(world.wallet.keeping.forget(world.wallet.keeping.find(kept.id)))
    assert world.vault.credentials() == ()
    assert len(world.agency.seen) == before
    last = world.vault.log()[-1]
    assert (last.action, last.outcome, last.party) == ("deleted", "done", "City of Köln")
    assert last.credentials[0].name == "Personal ID"


def test_what_is_damaged_can_be_forgotten(world):
    """T215"""
    [kept] = world.vault.credentials()
    world.vault._connection.execute("UPDATE records SET sealed = x'00' WHERE kind = 'credential'")
    assert world.wallet.keeping.damaged() == (kept.id,)
    world.run(world.wallet.keeping.forget_damaged(kept.id))
    assert world.wallet.keeping.damaged() == ()
    assert world.actions()[-1] == ("deleted", "damaged")


def test_the_log_can_be_deleted(world):
    """T263"""
    world.run(world.wallet.keeping.clear_log())
    assert world.actions() == [("log deleted", "done")]


@pytest.mark.parametrize(
    ("value", "status", "cautions"),
    [(0, "valid", ()), (1, "invalid", (Caution.REVOKED,)), (2, "suspended", (Caution.SUSPENDED,))],
)
def test_the_status_is_looked_up_when_the_user_asks_for_it(world, value, status, cautions):
    """T174: one list for all copies is fetched once."""
    host = world.more[STATUS]
    host.values = dict.fromkeys((20, 21, 22), value)
    [shown] = world.run(world.wallet.keeping.look_up_status())
    assert shown.cautions == cautions
    assert shown.status_checked_at == NOW
    assert world.vault.credentials()[0].status == status
    assert len(host.seen) == 1


def test_the_worst_copy_counts(world):
    """T174"""
    world.more[STATUS].values = {20: 0, 21: 1, 22: 0}
    [shown] = world.run(world.wallet.keeping.look_up_status())
    assert shown.cautions == (Caution.REVOKED,)


@pytest.mark.parametrize("in_row_too", [True, False])
@pytest.mark.parametrize(("named", "status"), [(b"\1", "valid"), (b"7", "invalid")])
def test_an_mdoc_may_be_revoked_by_identifier(vault, in_row_too, named, status):
    uri = f"{STATUS}/identifiers"
    identifiers = sign_identifier_list(
        frozenset((named,)),
        uri=uri,
        issued_at=NOW,
        expires_at=NOW + 600,
        ttl=None,
        signer=mdoc.PKI.signer,
        chain=mdoc.PKI.certificates,
    )
    host = StatusHost(mdoc.PKI)
    host.others[uri] = HttpResponse(200, (("content-type", MEDIA_TYPE),), identifiers)
    row = StatusReference(STATUS_URI, 7) if in_row_too else None
    raw = mdoc.issued(status=MsoStatus(row, IdentifierReference(uri, b"7")))
    world = World(vault, Agency(pki=mdoc.PKI), more={STATUS: host})
    document = replace(held(), format="mso_mdoc", type=mdoc.MDL, copies=(Copy(raw, "11" * 32, 0),))
    vault.write(put=[document])
    world.run(world.wallet.keeping.look_up_status())
    assert world.vault.credentials()[0].status == status
    assert [request.url for request in host.seen] == [STATUS_URI] * in_row_too + [uri]


@pytest.mark.parametrize("spoil", ["away", "stranger", "other", "nonsense"])
def test_a_status_that_cannot_be_had_changes_nothing(world, spoil):
    host = world.more[STATUS]
    if spoil == "away":
        host.reply = Unreachable("away")
    elif spoil == "stranger":
        host.pki = make_pki()
    elif spoil == "other":
        host.uri = "https://status.example/other"
    else:
        host.reply = answer({})
    before = world.vault.credentials()
    [shown] = world.run(world.wallet.keeping.look_up_status())
    assert shown.cautions == ()
    assert world.vault.credentials() == before


def test_what_cannot_be_revoked_is_not_looked_up(vault):
    world = World(vault)
    world.receive()
    [shown] = world.run(world.wallet.keeping.look_up_status())
    assert shown.status_checked_at == 0


def test_what_is_not_trusted_any_more_is_not_looked_up(world):
    """Its list would be nobody's we know."""
    world.trusted = False
    world.run(world.wallet.keeping.look_up_status())
    assert world.more[STATUS].seen == []


def test_showing_does_not_look_up_the_status(world):
    """T262: the issuer does not learn from a look-up when a credential is shown."""
    world.present()
    assert world.more[STATUS].seen == []


def test_a_look_up_does_not_bring_back_what_was_used(world):
    """T171: it writes the record as it is now."""
    world.more[STATUS].values = {20: 0, 21: 0, 22: 0}
    exchange = world.wallet.keeping.look_up_status()
    effect = next(exchange)
    world.present()
    _go_on(world, exchange, effect)
    [kept] = world.vault.credentials()
    assert kept.status == "valid"
    assert sum(bool(copy.used_at) for copy in kept.copies) == 1


def test_a_look_up_does_not_bring_back_what_was_forgotten(world):
    """T228"""
    exchange = world.wallet.keeping.look_up_status()
    effect = next(exchange)
    world.run(world.wallet.keeping.forget(world.wallet.keeping.documents()[0]))
    assert _go_on(world, exchange, effect) == ()
    assert world.vault.credentials() == ()


def test_what_was_begun_is_seen(world):
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    assert world.wallet.keeping.pending() == (pending,)
    assert [entry.action for entry in world.wallet.keeping.log()] == ["received"]


def _go_on(world, exchange, effect):
    """Drive an exchange to its end from where it stopped."""
    try:
        while True:
            effect = exchange.send(world.perform(effect))
    except StopIteration as end:
        return end.value


def test_what_cannot_be_taken_back_is_known_as_such_again_after_a_look_up(vault):
    """T174: records of an older program do not say it, and count as revocable until then."""
    world = World(vault)
    world.receive()
    [kept] = world.vault.credentials()
    assert not kept.can_be_taken_back
    world.vault.write(put=[replace(kept, can_be_taken_back=True)])
    [shown] = world.run(world.wallet.keeping.look_up_status())
    assert (shown.can_be_taken_back, shown.status_checked_at) == (False, 0)
    assert world.vault.credentials() == (kept,)
