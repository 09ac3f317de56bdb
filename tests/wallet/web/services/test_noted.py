"""What a plan was told goes into the partner's form only where the citizen ticks it, and as it stood on the page."""

import re

import pytest

from protocol.encoding import read_json_object
from protocol.jwe import ENCRYPTIONS, Jwe, decrypt_jwe
from protocol.keys import P256Key
from protocol.oid4vp.request import DIRECT_POST_JWT, ClientMetadata, EncryptionKey
from tests.support.pki import seeded
from tests.wallet.counterpart_agency import answer
from tests.wallet.counterparts import PARTNER
from tests.wallet.web.flows import follow, say
from tests.wallet.web.services.people import NEEDS_BIRTH, begin_plan, hold_child, hold_pid, link, submit
from tests.wallet.web.visitor import words_of

IBAN = "DE02120300000000202051"
OTHER = "DE89370400440532013000"
KEY = P256Key.generate(seeded(77))
ASKS = "From your plan, for their form"


@pytest.fixture
def asked(served, there):
    """A plan that was told an account number and an e-mail address, and a service whose form takes both."""
    hold_pid(served, there)
    hold_child(served, there)
    partner = served.world.partner
    partner.query = NEEDS_BIRTH
    partner.reply = answer({"redirect_uri": f"{PARTNER}/form"})
    takes(partner, "iban", "email", "secret")
    plan = begin_plan(there, "Kindergeld", "Child benefit")
    noted = submit(there, plan, "Keep these answers", **{"answer-iban": IBAN, "answer-email": "a@b.example"})
    return follow(there, noted)


def takes(partner, *names):
    key = EncryptionKey("key-1", KEY.public_key)
    partner.changes = {
        "response_mode": DIRECT_POST_JWT,
        "client_metadata": ClientMetadata((key,), tuple(ENCRYPTIONS), takes_answers=names),
    }


def consent(there, plan):
    return submit(there, plan, "Begin this step").headers["location"]


def sent(served):
    """What the partner reads in the last answer."""
    plain = decrypt_jwe(Jwe.from_compact(served.world.partner.answers[-1]["response"], "response"), KEY)
    return read_json_object(plain, "response")


def test_what_is_asked_and_was_noted_is_shown_and_nothing_is_ticked(served, there, asked):
    page = there.get(consent(there, asked))
    words = words_of(page)
    assert ASKS in words
    assert f"Account number: {IBAN}" in words
    assert "E-mail: a@b.example" in words
    assert "checked" not in re.search(r'<input type="checkbox" name="noted-iban"[^>]*>', page.text)[0]
    done = follow(there, say(there, str(page.url), "yes"))
    assert "answers" not in sent(served)
    assert ASKS not in words_of(done)


def test_what_is_ticked_goes_along_encrypted_and_the_activity_names_it_without_its_value(served, there, asked):
    """T260: neither in an address nor in the log."""
    page = consent(there, asked)
    done = follow(there, say(there, page, "yes", **{"noted-iban": IBAN}))
    assert sent(served)["answers"] == {"iban": IBAN}
    assert not any(IBAN in str(value) for form in served.world.partner.answers for value in form.values())
    assert ASKS in words_of(done)
    assert IBAN not in words_of(done)
    entry = next(one for one in served.wallet().wallet.keeping.log() if one.action == "sharing")
    assert entry.noted == ("Account number",)
    assert IBAN not in repr(served.wallet().wallet.keeping.log())
    activity = words_of(there.get(f"/activity/entry/{entry.number}"))
    assert f"{ASKS} : Account number" in activity or f"{ASKS}: Account number" in activity


def test_saying_no_sends_nothing_of_it(served, there, asked):
    page = consent(there, asked)
    say(there, page, "no", **{"noted-iban": IBAN})
    assert IBAN not in str(served.world.partner.answers)


def test_what_did_not_stand_on_the_page_is_not_sent(served, there, asked):
    page = consent(there, asked)
    again = say(there, page, "yes", **{"noted-iban": OTHER})
    assert again.status_code == 400
    assert "An answer in your plan was changed meanwhile. Nothing was shared yet." in words_of(again)
    assert served.world.partner.answers == []


def test_an_answer_changed_in_another_window_is_not_sent_unseen(served, there, asked):
    page = consent(there, asked)
    submit(there, asked, "Keep these answers", **{"answer-iban": OTHER})
    again = say(there, page, "yes", **{"noted-iban": IBAN})
    assert again.status_code == 400
    assert f"Account number: {OTHER}" in words_of(again)
    assert served.world.partner.answers == []


def test_no_other_question_of_theirs_gets_an_answer(served, there, asked):
    """They say that they take `secret`, which they never announced; and what they do not take is not shown."""
    takes(served.world.partner, "secret", "email")
    page = consent(there, asked)
    words = words_of(there.get(page))
    assert "E-mail: a@b.example" in words
    assert IBAN not in words
    assert say(there, page, "yes", **{"noted-secret": "x"}).status_code == 400


def test_a_form_that_takes_nothing_is_offered_nothing(served, there, asked):
    served.world.partner.changes = {}
    assert ASKS not in words_of(there.get(consent(there, asked)))


def test_whoever_began_without_a_plan_is_offered_nothing(served, there, asked):
    found = follow(there, there.post("/services/find", page="/services", typed="Kindergeld"))
    one = link(found, "More about it")
    begun = there.post(f"{one}/begin", page=one)
    assert ASKS not in words_of(there.get(begun.headers["location"]))


def test_in_german_it_stands_in_german(there, asked):
    page = consent(there, asked)
    there.client.headers["accept-language"] = "de"
    words = words_of(follow(there, there.get(page)))
    assert "Aus Ihrem Plan, für das Formular" in words
    assert f"Kontonummer: {IBAN}" in words
