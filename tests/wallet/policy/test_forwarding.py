"""One document is chosen for a service: its forms answer what they can, and the rest stays open to others."""

from protocol.dcql.match import Candidate, CandidateMatch, QueryMatch
from tests.wallet.consents import consent, question
from wallet.policy.forwarding import only_of

ASKED = consent(
    [question("address", "card", "old-card"), question("income", "payslip")], [([("address", "income")], True)]
)


def fits(*ids):
    return tuple([CandidateMatch(Candidate(id_, "dc+sd-jwt", "type", {}, (), True), (), ()) for id_ in ids])


MATCH = QueryMatch({"address": fits("card", "old-card"), "income": fits("payslip")}, ())


def test_what_is_asked_of_it_is_answered_by_it_alone_and_the_rest_by_whatever_fits():
    found = only_of(MATCH, ASKED, {"card"})
    assert found is not None
    match, shown = found
    assert match.matches == {"address": fits("card"), "income": fits("payslip")}
    choices = {one.query_id: [choice.held_id for choice in one.choices] for one in shown.questions}
    assert choices == {"address": ["card"], "income": ["payslip"]}


def test_a_document_that_nobody_asks_for_answers_nothing():
    assert only_of(MATCH, ASKED, {"library-card"}) is None
