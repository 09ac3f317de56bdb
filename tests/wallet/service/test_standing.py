"""Standing orders: prepared when a document changed, sent after another yes, ended as agreed or when a recipient changed."""

from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from protocol.errors import Conflict, InvalidRequest, NotFound, Unreachable
from protocol.sovereignty.mandate_status import Ending
from protocol.sovereignty.standing_order import Waiting
from protocol.trust.localized import Localized
from tests.support.pki import DAY, NOW, Template, make_pki, seeded_key
from tests.wallet.counterpart_agency import CLAIMS
from tests.wallet.counterparts import dcql
from tests.wallet.forward_town import NAMES, ForwardTown
from tests.wallet.registrar import registered
from wallet.policy.standing import LONGEST, Limit
from wallet.service.forwarding import Fate
from wallet.service.standing import AsksForMore, NotDueAnyMore, NotRegistered, OrderEnded

YEAR = Limit(until=NOW + 365 * DAY)


@pytest.fixture
def town(vault, tmp_path):
    """A wallet with an identity card, in a town whose partners all show what they are registered for."""
    made = ForwardTown(vault, tmp_path / "published")
    for name in NAMES:
        made.registering(name)
    made.fetch()
    made.receive_pid()
    return made


def choices(recipients):
    return {one.begun.service.id: one.seen.default_choice() for one in recipients.asked}


def give(town, *names, limit=YEAR):
    """Forward to partners, and have it done again when the document changes."""
    recipients = town.ask(*names)
    chosen = choices(recipients)
    town.run(town.wallet.forwarding.send(recipients, chosen))
    standing = town.wallet.standing
    kept = [town.run(standing.give(recipients, id_, choice, limit)) for id_, choice in chosen.items()]
    for taker in town.takers.values():
        taker.answers.clear()
        taker.asked.clear()
    return kept


def renew(town, **claims):
    """The document is fetched anew, and says something else."""
    [held] = town.wallet.context.store.credentials()
    fresh = replace(
        held,
        issuance=town.wallet.context.new_id(),
        claims=encode_json({**CLAIMS, **claims}).decode(),
        copies=tuple([replace(copy, used_at=0) for copy in held.copies]),
    )
    town.run(town.wallet.context.save(put=[fresh]))


def due(town):
    [found] = town.wallet.standing.due()
    return found


def ask(town):
    return town.run(town.wallet.standing.ask(due(town)))


def send(town, asked, *names):
    ids = {f"address-{name}" for name in names or NAMES}
    chosen = {id_: choice for id_, choice in choices(asked.recipients).items() if id_ in ids}
    return town.run(town.wallet.standing.send(asked, chosen))


def by_name(items):
    return {one.order.recipient.service.removeprefix("address-"): one for one in items}


def states(town):
    return {name: one.ended or one.waiting or "due" for name, one in by_name(town.wallet.standing.shown()).items()}


def counts(town):
    return {name: one.order.sent for name, one in by_name(town.wallet.standing.shown()).items()}


def test_nothing_is_prepared_as_long_as_the_document_is_as_it_was(town):
    give(town, "bank")
    assert town.wallet.standing.due() == ()
    assert states(town) == {"bank": Waiting.UNCHANGED}


def test_a_changed_document_is_prepared_and_nobody_hears_of_it(town):
    give(town)
    renew(town, given_name="Erika Maria")
    changed = {name: one.changed for name, one in by_name(due(town).orders).items()}
    assert changed == dict.fromkeys(NAMES, (("given_name",),))
    assert not any(taker.asked or taker.answers for taker in town.takers.values())


def test_a_renewal_that_changed_nothing_says_so(town):
    give(town, "bank")
    renew(town)
    assert [one.changed for one in due(town).orders] == [()]


def test_one_yes_sends_all_and_counts_each(town):
    give(town)
    renew(town, given_name="Erika Maria")
    asked = ask(town)
    assert not any(taker.answers for taker in town.takers.values())
    assert [one.fate for one in send(town, asked)] == [Fate.ARRIVED] * len(NAMES)
    assert counts(town) == dict.fromkeys(NAMES, 1)
    assert town.wallet.standing.due() == ()
    renew(town, given_name="Erika")
    assert len(due(town).orders) == len(NAMES)


def test_what_did_not_arrive_does_not_count_and_is_offered_again(town):
    give(town, "bank")
    renew(town)
    town.takers["bank"].reply = Unreachable("gone")
    [one] = send(town, ask(town))
    assert one.fate is Fate.UNKNOWN
    assert counts(town) == {"bank": 0}
    assert len(due(town).orders) == 1


def test_who_is_left_out_is_not_offered_this_copy_again(town):
    give(town, "bank", "school")
    renew(town)
    send(town, ask(town), "bank")
    assert counts(town) == {"bank": 1, "school": 0}
    assert town.wallet.standing.due() == ()
    renew(town)
    assert len(due(town).orders) == 2


def test_an_order_ends_at_its_count_and_at_its_date(town):
    give(town, "bank", limit=Limit(at_most=1))
    renew(town)
    send(town, ask(town))
    renew(town)
    assert states(town) == {"bank": Ending.USED_UP}
    give(town, "school", limit=Limit(until=NOW + 10))
    renew(town)
    town.now = NOW + 10
    assert states(town) == {"bank": Ending.USED_UP, "school": Ending.EXPIRED}
    assert town.wallet.standing.due() == ()


def test_a_revoked_order_sends_nothing_and_stays_to_be_seen(town):
    [kept] = give(town, "bank")
    renew(town)
    town.run(town.wallet.standing.revoke(kept.id))
    town.run(town.wallet.standing.revoke(kept.id))
    assert states(town) == {"bank": Ending.REVOKED}
    assert town.wallet.standing.due() == ()
    town.run(town.wallet.standing.forget(kept.id))
    assert town.wallet.standing.shown() == ()
    for deed in (town.wallet.standing.revoke, town.wallet.standing.forget):
        with pytest.raises(NotFound):
            town.run(deed(kept.id))


def got(town, name):
    """How many documents came to a partner."""
    return sum("vp_token" in one for one in town.takers[name].answers)


def test_what_was_stopped_after_it_was_prepared_is_not_sent(town):
    """The citizen stops it in another window, and then says yes in the one that was open before."""
    orders = {kept.recipient: kept.id for kept in give(town, "bank", "school")}
    renew(town)
    asked = ask(town)
    town.run(town.wallet.standing.revoke(orders[NAMES["bank"]]))
    done = {one.service.id: one for one in send(town, asked)}
    assert done["address-bank"].fate is Fate.FAILED
    assert isinstance(done["address-bank"].problem, NotDueAnyMore)
    assert done["address-school"].fate is Fate.ARRIVED
    assert (got(town, "bank"), got(town, "school")) == (0, 1)
    assert [one["error"] for one in town.takers["bank"].answers] == ["access_denied"]
    assert counts(town) == {"bank": 0, "school": 1}
    assert states(town)["bank"] is Ending.REVOKED


def test_what_was_deleted_after_it_was_prepared_is_not_sent(town):
    [kept] = give(town, "bank")
    renew(town)
    asked = ask(town)
    town.run(town.wallet.standing.forget(kept.id))
    assert [one.fate for one in send(town, asked)] == [Fate.FAILED]
    assert got(town, "bank") == 0


def test_what_is_stopped_while_others_get_it_is_not_sent(town):
    first, second = give(town, "bank", "school")
    renew(town)
    asked = ask(town)
    taker = next(one for one in town.takers.values() if NAMES[one.name] == first.recipient)
    respond = taker.respond

    def stop_and_respond(request):
        town.run(town.wallet.standing.revoke(second.id))
        return respond(request)

    taker.respond = stop_and_respond
    done = {NAMES[one.service.id.removeprefix("address-")]: one.fate for one in send(town, asked)}
    assert done == {first.recipient: Fate.ARRIVED, second.recipient: Fate.FAILED}


def test_one_copy_goes_once_however_often_it_was_prepared(town):
    give(town, "bank", limit=Limit(at_most=1))
    renew(town)
    twice = ask(town), ask(town)
    assert [one.fate for asked in twice for one in send(town, asked)] == [Fate.ARRIVED, Fate.FAILED]
    assert got(town, "bank") == 1
    assert counts(town) == {"bank": 1}


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"credentials": (registered(("given_name",), ("birthdate",)),)}, ("claims",)),
        ({"purpose": (Localized("en", "Advertising"),)}, ("purpose",)),
    ],
    ids=["more data", "another purpose"],
)
def test_an_order_ends_when_its_recipient_changed_what_it_is_registered_for(town, changes, what):
    give(town, "bank", "school")
    renew(town)
    town.registering("bank", **changes)
    asked = ask(town)
    [out] = asked.recipients.out
    assert isinstance(out.problem, OrderEnded)
    assert out.problem.changes == what
    assert states(town)["bank"] is Ending.RECIPIENT_CHANGED
    send(town, asked)
    assert town.takers["bank"].answers == []
    assert len(town.takers["school"].answers) == 1
    town.registering("bank")
    renew(town)
    assert states(town)["bank"] is Ending.RECIPIENT_CHANGED, "an end stays as it is"


def test_a_new_certificate_of_the_same_partner_is_no_change(town):
    give(town, "bank")
    renew(town)
    taker = town.takers["bank"]
    leaf = Template(
        common_name="Town bank, new", identifier=taker.identifier, country="DE", dns_names=("bank.example",)
    )
    taker.pki = make_pki(leaf, key=seeded_key(399), role=taker.pki.role)
    assert [one.fate for one in send(town, ask(town))] == [Fate.ARRIVED]


def test_a_recipient_that_shows_no_registration_waits(town):
    give(town, "bank")
    renew(town)
    del town.takers["bank"].changes["verifier_info"]
    [out] = ask(town).recipients.out
    assert isinstance(out.problem, NotRegistered)
    assert states(town) == {"bank": "due"}


def test_a_recipient_that_asks_for_more_than_was_agreed_gets_nothing(town):
    """It is registered for both since before, and asked for one when the order was given."""
    both = (registered(("given_name",), ("birthdate",)),)
    for name in NAMES:
        town.registering(name, credentials=both)
    give(town, "bank")
    renew(town)
    town.takers["bank"].query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    [out] = ask(town).recipients.out
    assert isinstance(out.problem, AsksForMore)
    assert states(town) == {"bank": "due"}


def test_a_service_that_is_not_offered_any_more_is_named(town):
    give(town, "bank")
    renew(town)
    town.publisher.services, town.publisher.seq = town.publisher.services[:-3], 8
    town.now += 4000
    town.fetch()
    [out] = ask(town).recipients.out
    assert (out.service.provider, type(out.problem)) == ("Town bank", NotFound)


def test_a_document_that_is_gone_or_taken_back_waits(town):
    give(town, "bank")
    renew(town)
    [held] = town.wallet.context.store.credentials()
    town.run(town.wallet.context.save(put=[replace(held, status="invalid")]))
    assert states(town) == {"bank": Waiting.NOT_HELD}
    town.run(town.wallet.context.save(put=[replace(held, status="valid")]))
    assert states(town) == {"bank": "due"}
    town.run(town.wallet.context.save(drop=[held]))
    assert states(town) == {"bank": Waiting.NOT_HELD}
    assert town.wallet.standing.due() == ()


@pytest.mark.parametrize(
    "limit",
    [Limit(), Limit(until=NOW), Limit(until=NOW + (LONGEST + 1) * 31 * DAY), Limit(at_most=0), Limit(at_most=1001)],
    ids=["none", "over", "too far", "never", "too often"],
)
def test_an_order_without_a_sound_end_is_not_given(town, limit):
    recipients = town.ask("bank")
    with pytest.raises(InvalidRequest):
        town.run(town.wallet.standing.give(recipients, "address-bank", choices(recipients)["address-bank"], limit))
    assert town.wallet.standing.shown() == ()


def test_only_a_registered_recipient_can_be_given_an_order(town):
    del town.takers["bank"].changes["verifier_info"]
    recipients = town.ask("bank", "school")
    chosen = choices(recipients)
    standing = town.wallet.standing
    assert [standing.can_be_given(recipients, id_, choice) for id_, choice in chosen.items()] == [False, True]
    with pytest.raises(Conflict):
        town.run(standing.give(recipients, "address-bank", chosen["address-bank"], YEAR))
    with pytest.raises(Conflict):
        town.run(standing.give(recipients, "address-insurer", chosen["address-school"], YEAR))


def test_there_is_one_order_for_a_document_and_a_recipient(town):
    [kept] = give(town, "bank")
    with pytest.raises(Conflict):
        give(town, "bank")
    town.run(town.wallet.standing.revoke(kept.id))
    give(town, "bank")
    assert len(town.wallet.standing.shown()) == 2


def test_no_value_stands_in_an_order(town):
    """It is sealed, and all the same it has hashes alone."""
    [kept] = give(town, "bank")
    assert CLAIMS["given_name"] not in kept.order
    assert "bank" not in repr(kept)
