"""What is done with a case is heard, and stands in the log of the answer that it holds."""

import pytest

from tests.support.receipts import RECEIPT, give_receipt, uses
from tests.support.services import IBAN
from tests.verifier.service.office import ID, SERVICE_BY, begun, decided, office, opened, saved, shown
from verifier.once_only.case import Doing

__all__ = ["office"]


def test_whoever_hears_is_told_in_the_same_transaction_and_a_failure_undoes_both(office, held):
    heard = []

    class Hearer:
        def heard(self, connection, happened):
            if happened.text == "fails":
                raise RuntimeError("the log is full")
            heard.append(happened)

    office.store.cases._hearers = (Hearer(),)
    secret = begun(office)
    made = shown(office, secret, held)
    office.run(office.verifier.forms.look(ID, secret))
    saved(office, secret, child_name="Mia", iban=IBAN)
    case = office.run(office.verifier.forms.send(ID, secret, opened(office, secret).draft.version))
    office.run(office.verifier.cases.open(case, actor="Ada", role="clerk"))
    with pytest.raises(RuntimeError):
        decided(office, case, text="fails")
    decided(office, case, text="Granted.", offer="https://a.example/offer")
    office.clock.forward(31 * 86_400)
    office.store.sweep(now=office.clock.now, limit=100)
    doings = [one.doing for one in heard]
    assert doings == [Doing.SENT, Doing.VIEWED, Doing.DECIDED, Doing.ERASED]
    assert {one.shown for one in heard} == {made.id}
    assert heard[1].by == "clerk, Familienkasse Lindenau"
    assert (heard[2].text, heard[2].offer) == ("Granted.", "https://a.example/offer")
    assert "Ada" not in str(heard)


def with_receipt(office, held):
    """A form with an answer that has a receipt."""
    secret = begun(office)
    made = shown(office, secret, held)
    give_receipt(office, made.id)
    office.run(office.verifier.forms.look(ID, secret))
    return secret


def test_the_log_of_the_answer_goes_on_with_the_case_to_its_end(office, held):
    """T261: taking over is no erasing, and everything that is done with the answer stands in the citizen's log."""
    secret = with_receipt(office, held)
    saved(office, secret, child_name="Mia", iban=IBAN)
    case = office.run(office.verifier.forms.send(ID, secret, opened(office, secret).draft.version))
    assert uses(office) == [("received", SERVICE_BY), ("viewed", "Seite des Prüfdienstes")]
    office.clock.forward(3600)
    office.store.sweep(now=office.clock.now, limit=100)
    office.run(office.verifier.cases.open(case, actor="Ada", role="clerk"))
    office.run(office.verifier.cases.open(case, actor="till", role="system"))
    decided(office, case, text="Granted.", offer="https://a.example/offer")
    assert uses(office)[2:] == [
        ("viewed", "Sachbearbeitung"),
        ("viewed", "Programm, über die Schnittstelle"),
        ("decided", "Sachbearbeitung"),
    ]
    [news] = office.store.usage.news(RECEIPT, 10)
    assert [text.text for text in news.text] == ["Granted."]
    assert news.offer == "https://a.example/offer"
    office.clock.forward(31 * 86_400)
    office.store.sweep(now=office.clock.now, limit=100)
    assert uses(office)[5:] == [("erased", SERVICE_BY)]


@pytest.mark.parametrize("end", ["dropped", "left", "shown anew", "case erased"])
def test_whichever_way_a_form_ends_the_log_says_that_its_answer_is_gone(office, held, end):
    """T261."""
    secret = with_receipt(office, held)
    if end == "dropped":
        office.run(office.verifier.forms.drop(ID, secret))
    elif end == "left":
        office.clock.forward(8 * 86_400)
        office.store.sweep(now=office.clock.now, limit=100)
    elif end == "shown anew":
        shown(office, secret, held)
        office.run(office.verifier.forms.look(ID, secret))
    else:
        saved(office, secret, child_name="Mia", iban=IBAN)
        case = office.run(office.verifier.forms.send(ID, secret, opened(office, secret).draft.version))
        office.run(office.verifier.cases.erase(case, actor="till", role="system"))
    assert uses(office)[2:] == [("erased", SERVICE_BY)]
