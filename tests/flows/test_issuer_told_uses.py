"""What a register behind the issuer tells of its uses, and what clerks look at in lists: the citizen reads both."""

import pytest

from tests.flows.agency import SUBJECT, agency_town
from wallet.policy.cockpit.disclosed import entries_of

pytestmark = pytest.mark.flow

HOUR = 3600
USE = {
    "subject": SUBJECT,
    "action": "viewed",
    "by": "clerk, registry office",
    "why": {"de": "Ihr Eintrag wurde geprüft.", "en": "Your entry was checked."},
}


@pytest.fixture
def town(tmp_path):
    with agency_town(tmp_path) as everybody:
        yield everybody


def tell(town, key=None, **changes):
    """Report a use as a program does it."""
    body = {name: value for name, value in {**USE, **changes}.items() if value is not None}
    headers = {"authorization": f"Bearer {key or town.desk.api_key()}"}
    return town.office.client.post("/api/usage", json=body, headers=headers)


def uses(town, disclosure):
    """Everything in the log, and no finding about it."""
    looked = town.look(disclosure)
    assert looked.went_well
    assert looked.disclosure.usage.findings == ()
    return [entry.use for entry in entries_of(looked.disclosure)]


def test_a_use_of_the_register_stands_in_the_log_of_each_document(town):
    card, passport = town.take("card"), town.take("pass")
    assert tell(town).status_code == 204
    for disclosure in (card, passport):
        use = uses(town, disclosure)[-1]
        assert (str(use.action), use.by) == ("viewed", "clerk, registry office")
        assert [text.text for text in use.why] == ["Ihr Eintrag wurde geprüft.", "Your entry was checked."]
        assert len(next(iter(use.claims.values()))) == 3


def test_only_what_was_seen_is_told(town):
    disclosure = town.take("card")
    assert tell(town, places=[["address"]]).status_code == 204
    assert uses(town, disclosure)[-1].claims == {"card": (("address",),)}
    before = len(uses(town, disclosure))
    assert tell(town, places=[["family_name"]]).status_code == 204
    assert len(uses(town, disclosure)) == before


def test_who_got_it_is_named(town):
    disclosure = town.take("card")
    assert tell(town, action="forwarded").status_code == 400
    to = {"name": "Tax office", "identifier": "LEIXG-529900T8BM49AURSDO55"}
    assert tell(town, action="forwarded", to=to).status_code == 204
    [*_, use] = [entry.use for entry in entries_of(town.look(disclosure).disclosure)]
    assert (use.to.name, use.to.identifier) == tuple(to.values())


def test_telling_again_changes_nothing_and_another_hour_does(town):
    disclosure = town.take("card")
    at = town.now
    for _ in range(2):
        assert tell(town, at=at).status_code == 204
    assert len(uses(town, disclosure)) == 2
    town.forward(HOUR)
    assert tell(town).status_code == 204
    assert len(uses(town, disclosure)) == 3


def test_what_happened_before_a_document_was_given_is_not_told_with_it(town):
    early = town.now
    town.forward(HOUR)
    disclosure = town.take("card")
    assert tell(town, at=early).status_code == 204
    assert len(uses(town, disclosure)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "received"},
        {"action": "stolen"},
        {"by": ""},
        {"by": "a\x07bell"},
        {"why": {}},
        {"why": None},
        {"at": 4_000_000_000},
        {"subject": ""},
        {"places": [[]]},
        {"something": "else"},
        {"why": {"en": "x" * 20_000}},
    ],
    ids=[
        "received",
        "no-action",
        "nobody",
        "bell",
        "no-why",
        "why-missing",
        "future",
        "no-person",
        "no-place",
        "more",
        "long",
    ],
)
def test_what_says_too_little_or_too_much_is_refused_and_nothing_is_written(town, changes):
    disclosure = town.take("card")
    assert tell(town, **changes).status_code in (400, 422)
    assert len(uses(town, disclosure)) == 1


def test_nobody_tells_without_a_key(town):
    """T230: what is told cannot be taken back, so nobody else may tell it."""
    disclosure = town.take("card")
    assert tell(town, key="nothing").status_code == 401
    assert len(uses(town, disclosure)) == 1


def test_about_whoever_has_no_document_nothing_is_written(town):
    disclosure = town.take("card")
    assert tell(town, subject="nobody").status_code == 204
    assert len(uses(town, disclosure)) == 1


def test_a_list_of_documents_that_a_clerk_sees_is_told_without_data(town):
    disclosure = town.take("card")
    town.desk.run(town.desk.issuer.desk.documents(None, None))
    use = uses(town, disclosure)[-1]
    assert (str(use.action), use.by) == ("viewed", "Sachbearbeitung")
    assert use.claims == {"card": ()}
    assert "list" in use.why[-1].text


@pytest.mark.parametrize("subject", [SUBJECT, None], ids=["of-one", "of-all"])
def test_a_history_that_a_clerk_sees_is_told_to_whom_it_is_about(town, subject):
    disclosure = town.take("card")
    town.desk.run(town.desk.issuer.desk.audit(subject, None))
    use = uses(town, disclosure)[-1]
    assert (str(use.action), use.claims) == ("viewed", {"card": ()})
    assert "What was done" in use.why[-1].text


def test_a_history_of_somebody_else_is_told_to_nobody_but_them(town):
    disclosure = town.take("card")
    town.desk.run(town.desk.issuer.desk.audit("bodo", None))
    assert len(uses(town, disclosure)) == 1


def test_a_list_of_somebody_elses_documents_is_told_to_nobody_but_them(town):
    disclosure = town.take("card")
    assert town.desk.run(town.desk.issuer.desk.documents("bodo", None)) == ()
    assert len(uses(town, disclosure)) == 1
