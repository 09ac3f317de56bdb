"""Rights over what stands in a form or a case: erased where no open case needs it, and not used where nobody may."""

import pytest

from capabilities.cockpit.rights_case import RightsCase, RightsChange
from protocol.errors import Conflict, NotFound
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import RightsStatus, State
from tests.support.receipts import RECEIPT, give_receipt, uses
from tests.support.services import IBAN
from tests.verifier.service.office import (
    ID,
    SERVICE_BY,
    begun,
    decided,
    everything,
    office,
    opened,
    saved,
    shown,
)
from verifier.rights import Erase, Holding, Restrict

__all__ = ["office"]


def filled(office, held):
    """A form with an answer that has a receipt."""
    secret = begun(office)
    made = shown(office, secret, held)
    give_receipt(office, made.id)
    office.run(office.verifier.forms.look(ID, secret))
    saved(office, secret, child_name="Planted-Mia", iban=IBAN)
    return secret


def sent(office, secret):
    return office.run(office.verifier.forms.send(ID, secret, opened(office, secret).draft.version))


def held_of(office):
    return office.store.rights.held(RECEIPT)


def do(office, *records):
    """What a step of a request about the receipt says."""
    now = office.clock.now
    status = RightsStatus(f"id-of-request-{now}", "A" * 43, Right.HUMAN_REVIEW, State.RECEIVED, now + 1, now)
    case = RightsCase(status.id, RECEIPT, f"jti-{now}", "", now, now + 1, status)
    office.store.rights.take(case, lambda fresh, _: RightsChange(fresh, records))
    office.clock.forward(1)


def test_an_open_case_is_known_as_long_as_it_is_open(office, held):
    secret = filled(office, held)
    assert not held_of(office).open_case
    case = sent(office, secret)
    assert held_of(office).open_case
    decided(office, case, state="needs_more", text="A paper is missing.")
    assert held_of(office).open_case
    decided(office, case, text="Granted.")
    assert held_of(office) == Holding(in_case=True)


@pytest.mark.parametrize("stage", ["form", "case", "decided", "over"])
def test_whatever_holds_the_answer_goes_with_all_that_is_in_it(office, held, stage):
    secret = filled(office, held)
    content = opened(office, secret).draft.content
    case = ""
    if stage != "form":
        case = sent(office, secret)
        assert office.store.cases.newest(["received"], "", "", 9)
    if stage == "decided":
        decided(office, case, text="Granted.")
    if stage == "over":
        # Its time is over, and no sweep came yet
        office.clock.forward(31 * 86_400)
    do(office, Erase(RECEIPT))
    assert uses(office)[-1] == ("erased", SERVICE_BY)
    assert content not in everything(office)
    assert office.store.cases.newest(["received", "needs_more", "granted"], "", "", 9) == ()
    with pytest.raises(NotFound):
        opened(office, secret)
    if stage != "form":
        with pytest.raises(NotFound):
            office.run(office.verifier.cases.open(case, actor="Ada", role="clerk"))
    before = uses(office)
    do(office, Erase(RECEIPT))
    office.store.sweep(now=office.clock.now, limit=100)
    assert uses(office) == before


@pytest.mark.parametrize("record", [Erase(RECEIPT), Restrict(RECEIPT)])
def test_what_is_erased_or_restricted_does_not_come_back_by_a_form_that_had_read_it(office, held, record):
    secret = begun(office)
    made = shown(office, secret, held)
    give_receipt(office, made.id)
    result_for_browser = office.verifier.answers.result_for_browser
    forms = office.verifier.forms

    class Slow:
        """Between reading the answer and writing the form, the request about it comes."""

        def __getattr__(self, name):
            return getattr(office.verifier.answers, name)

        def result_for_browser(self, *args):
            found = yield from result_for_browser(*args)
            do(office, record)
            return found

    slow = type(forms)(forms.context, forms.requests, Slow(), forms.limit)
    assert office.run(slow.look(ID, secret)) is None
    assert opened(office, secret).draft.shown == ""
    assert "Mustermann" not in str(opened(office, secret).content)


def test_a_restricted_case_is_neither_read_nor_decided_until_that_is_lifted(office, held):
    """GDPR Art. 18."""
    secret = filled(office, held)
    do(office, Restrict(RECEIPT))
    assert uses(office)[-1] == ("restricted", SERVICE_BY)
    case = sent(office, secret)
    before = uses(office)
    with pytest.raises(Conflict):
        office.run(office.verifier.cases.open(case, actor="Ada", role="clerk"))
    with pytest.raises(Conflict):
        decided(office, case, text="Granted.")
    assert uses(office) == before
    do(office, Restrict(RECEIPT, lifted=True))
    decided(office, case, text="Granted.")
    do(office, Restrict(RECEIPT))
    with pytest.raises(Conflict):
        office.run(office.verifier.cases.open(case, actor="Ada", role="clerk"))


def test_showing_anew_is_a_new_answer_that_nobody_restricted(office, held):
    secret = filled(office, held)
    do(office, Restrict(RECEIPT))
    shown(office, secret, held)
    office.run(office.verifier.forms.look(ID, secret))
    assert not opened(office, secret).draft.restricted
    assert held_of(office).elsewhere is False
