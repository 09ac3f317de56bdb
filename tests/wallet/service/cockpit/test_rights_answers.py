"""What a partner wants to see once more, and what it hands out: no more than was shown, and to nobody but the user."""

from dataclasses import replace

import pytest

from protocol.errors import Conflict, NotAuthentic, NotForThisRequest, NotTrusted
from protocol.jws import Jws
from protocol.sovereignty.rights_answer import describe_file
from tests.wallet.counterparts import dcql
from tests.wallet.rights import LETTER, TOLD
from tests.wallet.service.cockpit.asking import ACCESS, asks, last, looks

# Showing the data once more


def seen_again(world):
    """Look at what the partner wants to see."""
    return world.run(world.wallet.cockpit.rights.present_again(world.disclosure, last(world).id))


def test_the_data_is_shown_once_more_as_an_ordinary_question(world, desk):
    asks(world, ACCESS)
    with pytest.raises(Conflict):
        seen_again(world)
    desk.present_again()
    world.later(60)
    looks(world)
    seen = seen_again(world)
    answers = len(world.partner.answers)
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert len(world.partner.answers) == answers + 1


@pytest.mark.parametrize(
    "query",
    [
        dcql(("given_name",), ("family_name",)),
        dcql(("address",)),
        dcql(("given_name",), vct="urn:card:1"),
        dcql(("given_name",), multiple=True),
    ],
    ids=["one more", "another", "another document", "several"],
)
def test_more_than_was_shown_before_is_not_shown_again(world, desk, query):
    asks(world, ACCESS)
    desk.present_again()
    world.later(60)
    looks(world)
    world.partner.query = {"credentials": [query]}
    answers = len(world.partner.answers)
    with pytest.raises(NotForThisRequest):
        seen_again(world)
    assert len(world.partner.answers) == answers


def test_somebody_else_cannot_ask_for_it(world, desk):
    asks(world, ACCESS)
    desk.present_again()
    world.later(60)
    looks(world)
    others = replace(world.disclosure, sent=replace(world.disclosure.sent, requesters=(("VATDE-9", "DE"),)))
    with pytest.raises(NotForThisRequest):
        world.run(world.wallet.cockpit.rights.present_again(others, last(world).id))


# What is handed out


def handed(world):
    """Open the answer."""
    return world.run(world.wallet.cockpit.rights.answer(world.disclosure, last(world).id))


@pytest.fixture
def answered(world, desk):
    """A library that has handed out what it holds."""
    asks(world, ACCESS)
    desk.hand_out({"pid": {"given_name": "Erika"}})
    world.later(60)
    looks(world)
    return world


def test_what_is_handed_out_is_opened_with_its_files_and_information(answered, desk):
    found = handed(answered)
    assert found.answer.says.data == {"pid": {"given_name": "Erika"}}
    assert found.answer.says.information == TOLD
    [file] = found.answer.says.files
    assert answered.run(answered.wallet.cockpit.rights.file(found, file)) == LETTER[2]


def test_none_of_it_is_kept_in_the_wallet(answered):
    handed(answered)
    assert "Erika" not in str(answered.disclosure.rights[-1].statuses)
    payloads = [Jws.from_compact(kept.raw, "status").peek_claims("status").members for kept in last(answered).statuses]
    assert "Erika" not in str(payloads)


def test_an_answer_that_the_status_does_not_name_is_refused(answered, desk):
    header, *rest = desk.case.answer.split(".")
    desk.case.answer = ".".join([header, *rest[:-1], rest[-1][::-1]])
    with pytest.raises(NotForThisRequest):
        handed(answered)


def test_an_answer_of_somebody_else_is_refused(world, desk):
    asks(world, ACCESS)
    world.partner.sign_with = world.agency.pki
    desk.hand_out({"pid": {"given_name": "Erika"}})
    world.partner.sign_with = None
    world.later(60)
    looks(world)
    with pytest.raises(NotTrusted):
        handed(world)


def test_an_answer_with_data_that_was_never_given_is_refused(world, desk):
    asks(world, ACCESS)
    desk.hand_out({"other": {"given_name": "Erika"}})
    world.later(60)
    looks(world)
    with pytest.raises(NotForThisRequest):
        handed(world)


def test_a_file_that_was_swapped_is_refused(answered, desk):
    found = handed(answered)
    [file] = found.answer.says.files
    other = describe_file("letter.txt", "text/plain", b"Dear Marie")
    desk.case.files[other.hash] = desk.case.files[file.hash]
    with pytest.raises(NotAuthentic):
        answered.run(answered.wallet.cockpit.rights.file(found, other))


def test_before_it_is_handed_out_there_is_nothing_to_open(world, desk):
    asks(world, ACCESS)
    with pytest.raises(Conflict):
        handed(world)
