"""Parent for a child, guardian for somebody in care, employee for a company: by real services, until it is taken back."""

import pytest

from hoheit.demo.places import USE_CASES
from tests.flows.browser import Browser
from tests.support.acting import PID_QUERY, PROOF_QUERY

pytestmark = pytest.mark.flow

PEOPLE = {
    "parent": ("erika", "Erika Maria Mustermann", "Mia Mustermann"),
    "guardian": ("greta", "Greta Muster", "Helga Ottilie Schablone"),
    "employee": ("max", "Max Mustermann", "Lindenwerk GmbH"),
}
AREAS = {"parent": "school", "guardian": "health", "employee": "vehicles"}


def question(relation, area):
    return f"""
id = "for-{area}"
max_status_age_seconds = 0
[title]
en = "Sign for somebody else"
[purpose]
en = "We write down who signs, and for whom."
[query]
credentials = [
  {PROOF_QUERY},
  {PID_QUERY},
]
[acting]
proof = "proof"
identity = "pid"
relations = ["{relation}"]
area = "{area}"
"""


@pytest.fixture(scope="module")
def use_cases():
    shipped = (USE_CASES / "child-card.toml").read_text(encoding="utf-8")
    return {f"for-{area}.toml": question(relation, area) for relation, area in AREAS.items()} | {"child.toml": shipped}


def ask(town, area):
    """Ask, have the wallet answer with what it would take by itself, and read what the partner's program is told."""
    request = town.verifier.post("/api/requests", use_case=f"for-{area}")
    town.share(request["uri"])
    return town.verdict(request)


def name_of(whom):
    return whom.get("name") or f"{whom['given_name']} {whom['family_name']}"


@pytest.mark.parametrize("relation", PEOPLE)
def test_who_acts_for_whom_is_in_the_verdict_and_before_the_yes(town, relation):
    subject, who, whom = PEOPLE[relation]
    town.receive("pid", f"representation-{relation}", subject=subject)
    request = town.verifier.post("/api/requests", use_case=f"for-{AREAS[relation]}")
    asked = town.wallet.run(town.wallet.wallet.presenting.look(request["uri"]))
    told = {choice.acts_for for one in asked.consent.questions for choice in one.choices}
    assert whom.startswith(next(filter(None, told)))
    town.wallet.run(town.wallet.wallet.presenting.share(asked, asked.default_choice()))
    found = town.verdict(request)
    acting = found["verdict"]["acting"]
    assert (found["state"], acting["relation"], acting["area"]) == ("accepted", relation, AREAS[relation])
    assert (name_of(acting["who"]), name_of(acting["whom"])) == (who, whom)
    assert (acting["checked_by"], bool(acting["until"])) == ("City office", True)


def test_who_has_both_forms_of_a_proof_is_asked_for_neither_in_particular(town):
    town.receive("pid", "pid-mdoc", "representation-parent", "representation-parent-mdoc")
    request = town.verifier.post("/api/requests", use_case="child-card")
    asked = town.wallet.run(town.wallet.wallet.presenting.look(request["uri"]))
    assert [way.options for way in asked.consent.ways] == [(("proof", "pid"),)]
    town.wallet.run(town.wallet.wallet.presenting.share(asked, asked.default_choice()))
    found = town.verdict(request)
    assert (found["state"], name_of(found["verdict"]["acting"]["whom"])) == ("accepted", "Mia Mustermann")


def test_what_an_office_takes_back_is_over_at_once(town):
    town.receive("pid", "representation-parent")
    assert ask(town, "school")["state"] == "accepted"
    issued = town.issuer.get("/api/credentials", subject="erika").json()
    for one in issued:
        if (one["credential_configuration_id"], one["state"]) == ("representation-parent", "valid"):
            town.issuer.post(f"/api/credentials/{one['id']}/revoke")
    found = ask(town, "school")
    assert (found["state"], found["claims"], found["verdict"]["acting"]) == ("refused", None, None)
    [status] = [line for line in found["verdict"]["checks"] if line["check"] == "status"]
    assert status["passed"] is False


def test_a_proof_of_another_relation_is_refused_with_its_reason(town):
    """A guardian is no parent, and a school asks parents."""
    town.receive("pid", "representation-guardian", subject="greta")
    found = ask(town, "school")
    assert found["state"] == "refused"
    [line] = [line for line in found["verdict"]["checks"] if line["check"] == "query_complete"]
    assert line["reason"] == "acting for somebody else: relation"


def test_the_page_at_the_counter_says_it_in_words(town):
    town.receive("pid", "representation-employee", subject="max")
    with Browser() as counter:
        page = counter.submit(counter.open(f"{town.verifier.address}/"), ("use_case", "for-vehicles"))
        page = counter.submit(page, ("use_case", "for-vehicles"))
        [link] = [link for link in page.links if "request_uri=" in link]
        seen = counter.open(town.share(link).redirect_uri).text
    assert "Max Mustermann acts for Lindenwerk GmbH" in seen
    assert "HRB 4730" in seen
    assert "Acts for the company" in seen
