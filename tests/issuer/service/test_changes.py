"""The register changes: documents follow it, whatever stops the issuer in between, and a renewal says what is so today."""

from dataclasses import replace

import pytest

from issuer.policy import Reason
from issuer.records import CredentialState
from issuer.register import HttpRegister
from issuer.renewal import Fate, OnChange, RenewalPolicy, WhenGone
from issuer.service.changes import LOOK_AGAIN, WRITING
from issuer.session.issuance import MAX_BATCHES_A_DAY
from protocol.encoding import decode_base64url, encode_json
from protocol.errors import (
    CredentialRequestDenied,
    InsufficientScope,
    InvalidGrant,
    InvalidRequest,
    Malformed,
    Unavailable,
)
from protocol.exchange import HttpResponse
from tests.support.issuer import ACTOR, make_issuer

DAY = 86_400
VALID, SUSPENDED, REVOKED = CredentialState.VALID, CredentialState.SUSPENDED, CredentialState.REVOKED


def states(desk, subject="anna"):
    """The states of everything that a person has, oldest first."""
    return [one.state for one in reversed(desk.store.credentials_of(subject))]


def issue(desk, wallet, configuration_id="member"):
    """A document that the wallet has accepted; its tokens."""
    tokens = wallet.redeem(desk.offer(configuration_id))
    answer = wallet.issue(tokens, configuration_id)
    wallet.notify(tokens, answer.notification_id, "credential_accepted")
    return tokens


def renew(desk, wallet, tokens, configuration_id="member"):
    """The same document anew, accepted; the tokens that come next, and what it says."""
    desk.clock.move(1)
    tokens = wallet.renew(tokens)
    answer = wallet.issue(tokens, configuration_id)
    wallet.notify(tokens, answer.notification_id, "credential_accepted")
    return tokens, answer.credentials[0]


def patch(desk, record, subject="anna"):
    """The register changes; what becomes of the documents."""
    return desk.run(desk.issuer.changes.patch(subject, record, ACTOR))


def fates(found):
    """In short."""
    return [(one.configuration_id, one.fate) for one in found]


def with_rules(desk, **rules):
    """The same desk, whose members' cards have these rules."""
    types = desk.issuer.context.types
    return desk.with_context(types={**types, "member": replace(types["member"], renewal=RenewalPolicy(**rules))})


def test_a_document_that_is_replaced_holds_until_the_wallet_has_the_new_one(desk, wallet):
    tokens = issue(desk, wallet)
    [told] = patch(desk, {"points": 8})
    assert (told.fate, told.changed, told.ends_at) == (Fate.REPLACED, (("points",),), desk.clock.now + 14 * DAY)
    assert states(desk) == [VALID]
    tokens, raw = renew(desk, wallet, tokens)
    assert states(desk) == [REVOKED, VALID]
    said = [decode_base64url(part, "disclosure") for part in raw.split("~")[1:-1]]
    assert any(text.endswith(b',"points",8]') for text in said)


def test_it_ends_when_nobody_fetches_the_new_one(desk, wallet):
    issue(desk, wallet)
    patch(desk, {"points": 8})
    desk.clock.move(14 * DAY - 1)
    desk.run(desk.issuer.changes.look())
    assert states(desk) == [VALID]
    desk.clock.move(1)
    assert desk.run(desk.issuer.changes.look()) == 1
    assert states(desk) == [REVOKED]


def test_a_new_batch_that_the_wallet_could_not_keep_leaves_the_old_one(desk, wallet):
    tokens = issue(desk, wallet)
    patch(desk, {"points": 8})
    tokens = wallet.renew(tokens)
    answer = wallet.issue(tokens)
    wallet.notify(tokens, answer.notification_id, "credential_failure")
    assert sorted(states(desk)) == sorted([VALID, REVOKED])
    assert desk.store.live_batches("anna", now=desk.clock.now)[0].revoke_at > desk.clock.now


def test_what_matters_ends_at_once_and_can_be_had_anew(desk, wallet):
    desk = with_rules(desk, at_once=(("points",),))
    wallet.desk = desk
    tokens = issue(desk, wallet)
    assert fates(patch(desk, {"points": 8})) == [("member", Fate.AT_ONCE)]
    assert states(desk) == [REVOKED]
    renew(desk, wallet, tokens)
    assert sorted(states(desk)) == sorted([REVOKED, VALID])
    lines = [(one.action, one.actor, one.detail) for one in desk.store.audit(limit=50, subject="anna")]
    assert ("credential revoked", "register change", Reason.CHANGED) in lines


def test_looking_at_what_would_be_does_nothing(desk, wallet):
    issue(desk, wallet)
    changes = desk.issuer.changes
    assert fates(desk.run(changes.consequences("anna", {"given_name": "Anna", "points": 9}))) == [
        ("member", Fate.REPLACED)
    ]
    assert fates(desk.run(changes.consequences("anna", None))) == [("member", Fate.ENDED)]
    assert desk.register.read("anna")["points"] == 7
    assert desk.store.live_batches("anna", now=desk.clock.now)[0].revoke_at == 0
    assert states(desk) == [VALID]


def test_who_is_gone_has_nothing_and_gets_nothing(desk, wallet):
    tokens = issue(desk, wallet)
    assert fates(desk.run(desk.issuer.changes.remove("anna", ACTOR))) == [("member", Fate.ENDED)]
    assert states(desk) == [REVOKED]
    with pytest.raises(InvalidGrant):
        wallet.renew(tokens)
    with pytest.raises(CredentialRequestDenied):
        desk.run(desk.issuer.changes.remove("anna", ACTOR))


def test_a_type_may_outlive_its_person_in_the_register(desk, wallet):
    desk = with_rules(desk, when_gone=WhenGone.KEEP)
    wallet.desk = desk
    issue(desk, wallet)
    assert fates(desk.run(desk.issuer.changes.remove("anna", ACTOR))) == [("member", Fate.STAYS)]
    assert states(desk) == [VALID]


def test_what_the_register_lacks_ends_the_document_and_its_tokens(desk, wallet):
    tokens = issue(desk, wallet)
    assert fates(patch(desk, {"given_name": None})) == [("member", Fate.ENDED)]
    with pytest.raises(InvalidGrant):
        wallet.renew(tokens)


def test_a_type_without_status_and_one_that_keeps_stay(desk, wallet):
    desk = with_rules(desk, on_change=OnChange.KEEP)
    wallet.desk = desk
    issue(desk, wallet)
    issue(desk, wallet, "ticket")
    assert sorted(fates(patch(desk, {"points": 8}))) == [("member", Fate.STAYS), ("ticket", Fate.STAYS)]
    assert states(desk) == [VALID, VALID]


def test_a_suspended_document_stays_suspended_through_a_change(desk, wallet):
    """A change of the register is no way round a clerk."""
    desk = with_rules(desk, at_once=(("points",),))
    wallet.desk = desk
    tokens = issue(desk, wallet)
    [one] = desk.store.credentials_of("anna")
    desk.run(desk.issuer.status.change(one.id, SUSPENDED, ACTOR))
    patch(desk, {"points": 8})
    assert states(desk) == [SUSPENDED]
    renew(desk, wallet, tokens)
    assert SUSPENDED in states(desk)
    assert VALID not in states(desk)


def test_what_is_reinstated_and_outdated_ends_with_the_next_look(desk, wallet):
    desk = with_rules(desk, at_once=(("points",),))
    wallet.desk = desk
    issue(desk, wallet)
    [one] = desk.store.credentials_of("anna")
    desk.run(desk.issuer.status.change(one.id, SUSPENDED, ACTOR))
    patch(desk, {"points": 8})
    desk.run(desk.issuer.status.change(one.id, VALID, ACTOR))
    desk.run(desk.issuer.changes.look())
    assert states(desk) == [REVOKED]


def test_what_a_change_means_is_found_after_a_crash_before_and_after_the_register_was_written(desk, wallet):
    """Idempotent: the notice is there before the change, and goes after the documents were looked at."""
    issue(desk, wallet)
    changes = desk.issuer.changes

    class Crash(BaseException):
        pass

    def crash(*_):
        raise Crash

    original = desk.register.put
    desk.register.put = crash
    with pytest.raises(Crash):
        patch(desk, {"points": 8})
    desk.register.put = original
    original({"anna": {"given_name": "Anna", "points": 8}})  # it was written after all, and nobody said so
    assert desk.store.live_batches("anna", now=desk.clock.now)[0].revoke_at == 0
    desk.run(changes.look())
    assert desk.store.live_batches("anna", now=desk.clock.now)[0].revoke_at == 0
    desk.clock.move(WRITING)
    assert desk.run(changes.look()) == 1
    assert desk.store.live_batches("anna", now=desk.clock.now)[0].revoke_at > 0
    assert desk.run(changes.look()) == 0


def test_what_was_issued_from_the_old_record_while_it_changed_is_found_a_minute_later(desk, wallet):
    tokens = wallet.redeem(desk.offer())
    original = desk.register.fetch

    def fetch(subject):
        record = yield from original(subject)
        desk.register.fetch = original
        patch(desk, {"points": 8})
        return record

    desk.register.fetch = fetch
    wallet.issue(tokens)
    assert states(desk) == [VALID]
    assert desk.store.live_batches("anna", now=desk.clock.now)[0].revoke_at == 0
    desk.clock.move(LOOK_AGAIN)
    desk.run(desk.issuer.changes.look())
    assert desk.store.live_batches("anna", now=desk.clock.now)[0].revoke_at > 0


def test_looking_twice_does_nothing_twice(desk, wallet):
    issue(desk, wallet)
    patch(desk, {"points": 8})
    before, first = desk.store.audit(limit=50), desk.store.live_batches("anna", now=desk.clock.now)
    desk.clock.move(DAY)
    desk.run(desk.issuer.changes.settle("anna"))
    assert desk.store.live_batches("anna", now=desk.clock.now) == first
    assert desk.store.audit(limit=50) == before


def test_a_change_that_came_while_we_looked_is_not_forgotten(desk):
    store, now = desk.store, desk.clock.now
    store.note_changes(["anna"], due_at=now, actor=ACTOR)
    [notice] = store.due_changes(now=now, again_at=now + 900, limit=9)
    assert store.due_changes(now=now, again_at=now + 900, limit=9) == ()
    store.note_changes(["anna"], due_at=now, actor=ACTOR)
    store.change_done(notice)
    [again] = store.due_changes(now=now, again_at=now + 900, limit=9)
    store.change_done(again)
    assert store.due_changes(now=now + 901, again_at=now, limit=9) == ()


def test_a_person_whose_documents_cannot_be_looked_at_keeps_nobody_waiting(desk, wallet):
    issue(desk, wallet)
    desk.run(desk.issuer.changes.told(["anna", "bodo"], ACTOR))
    original = desk.store.live_batches

    def broken(subject, *, now):
        if subject == "anna":
            raise Malformed("said", "was damaged")
        return original(subject, now=now)

    desk.store.live_batches = broken
    desk.run(desk.issuer.changes.look())
    desk.store.live_batches = original
    due = desk.store.due_changes(now=desk.clock.now + 900, again_at=desk.clock.now + 901, limit=9)
    assert [notice.subject for notice in due] == ["anna"]


def test_only_those_about_whom_something_is_new_are_looked_at(desk):
    people = {"anna": {"given_name": "Anna", "points": 7}, "bodo": {"given_name": "Bodo", "points": 1}, "cleo": {}}
    assert desk.run(desk.issuer.changes.put(people, ACTOR)) == ("bodo", "cleo")
    assert desk.register.read("cleo") == {}


@pytest.mark.parametrize("subject", ["", "a b", "x\0", "-a", "a" * 201])
def test_nobody_is_put_in_under_an_id_that_cannot_be(desk, subject):
    with pytest.raises(Malformed):
        desk.run(desk.issuer.changes.put({subject: {}}, ACTOR))
    with pytest.raises(Malformed):
        desk.run(desk.issuer.changes.told([subject], ACTOR))


def test_a_register_elsewhere_is_compared_when_somebody_says_so(wallet):
    record = {"given_name": "Anna", "points": 7}

    def answer(_):
        return HttpResponse(200, (("content-type", "application/json"),), encode_json(record))

    desk = make_issuer(outside=answer).with_context(register=HttpRegister("https://register.example", ""))
    wallet.desk = desk
    issue(desk, wallet)
    changes = desk.issuer.changes
    with pytest.raises(InvalidRequest):
        desk.run(changes.patch("anna", {"points": 8}, ACTOR))
    record["points"] = 8
    desk.run(changes.told(["anna"], ACTOR))
    assert desk.run(changes.look()) == 1
    assert desk.store.live_batches("anna", now=desk.clock.now)[0].revoke_at > 0


def test_a_register_that_is_away_ends_nothing(wallet):
    """T143: not knowing is no reason to take something away."""
    up = [True]

    def answer(_):
        body = encode_json({"given_name": "Anna"})
        return HttpResponse(200 if up[0] else 500, (("content-type", "application/json"),), body)

    desk = make_issuer(outside=answer).with_context(register=HttpRegister("https://register.example", ""))
    wallet.desk = desk
    issue(desk, wallet)
    up[0] = False
    desk.run(desk.issuer.changes.told(["anna"], ACTOR))
    with pytest.raises(Unavailable):
        desk.run(desk.issuer.changes.look())
    assert states(desk) == [VALID]
    up[0] = True
    desk.clock.move(900)
    assert desk.run(desk.issuer.changes.look()) == 1


def test_a_document_is_given_anew_for_as_long_as_its_type_says(desk, wallet):
    desk = with_rules(desk, days=10)
    wallet.desk = desk
    tokens = wallet.redeem(desk.offer("member", "badge"))
    desk.clock.move(10 * DAY)
    tokens = wallet.renew(tokens)
    with pytest.raises(CredentialRequestDenied):
        wallet.issue(tokens, "member")
    assert wallet.issue(tokens, "badge").credentials
    desk.clock.move(80 * DAY)
    with pytest.raises(InvalidGrant):
        wallet.renew(tokens)


def test_a_wallet_that_renews_without_end_is_stopped_for_the_day(desk, wallet):
    tokens = issue(desk, wallet)
    for _ in range(MAX_BATCHES_A_DAY - 1):
        tokens, _ = renew(desk, wallet, tokens)
    desk.clock.move(1)
    tokens = wallet.renew(tokens)
    with pytest.raises(CredentialRequestDenied):
        wallet.issue(tokens)
    desk.clock.move(DAY)
    assert wallet.issue(wallet.renew(tokens)).credentials


def test_a_revoked_document_is_given_no_more_and_what_came_with_it_is(desk, wallet):
    """T114: a clerk says that one of two is wrong; the right to renew ends for that one."""
    tokens = wallet.redeem(desk.offer("member", "badge"))
    wallet.issue(tokens, "member")
    wallet.issue(tokens, "badge")
    member = next(one for one in desk.store.credentials_of("anna") if one.configuration_id == "member")
    desk.run(desk.issuer.status.change(member.id, REVOKED, ACTOR, str(Reason.WRONG)))
    tokens = wallet.renew(tokens)
    with pytest.raises(CredentialRequestDenied):
        wallet.issue(tokens, "member")
    assert wallet.issue(tokens, "badge").credentials


@pytest.mark.parametrize("reason", ["", str(Reason.LOST), f"{Reason.LOST}: in the tram", str(Reason.WALLET_REVOKED)])
def test_a_lost_wallet_is_given_nothing_at_all(desk, wallet, reason):
    """T114"""
    tokens = wallet.redeem(desk.offer("member", "badge"))
    wallet.issue(tokens, "member")
    [member] = desk.store.credentials_of("anna")
    desk.run(desk.issuer.status.change(member.id, REVOKED, ACTOR, reason))
    with pytest.raises(InvalidGrant):
        wallet.renew(tokens)


def test_a_deleted_document_is_given_no_more(desk, wallet):
    tokens = wallet.redeem(desk.offer())
    answer = wallet.issue(tokens)
    wallet.notify(tokens, answer.notification_id, "credential_deleted")
    with pytest.raises(CredentialRequestDenied):
        wallet.issue(tokens)
    with pytest.raises(InvalidGrant):
        wallet.renew(tokens)


def test_a_token_of_another_document_gives_nothing_of_this_one(desk, wallet):
    tokens = issue(desk, wallet, "badge")
    tokens = wallet.renew(tokens)
    with pytest.raises(InsufficientScope):
        wallet.issue(tokens, "member")


def test_what_ended_by_itself_is_forgotten(desk, wallet):
    issue(desk, wallet)
    desk.clock.move(31 * DAY)
    assert desk.store.live_batches("anna", now=desk.clock.now) == ()
    assert desk.sweep() >= 1
