"""One definition, two formats: a type is issued as SD-JWT VC and as mdoc, and either or both answer a request."""

import pytest

from tests.flows.parties import CARD_DOCTYPE, CITIZEN

pytestmark = pytest.mark.flow

MDOC = {
    "id": "card",
    "format": "mso_mdoc",
    "meta": {"doctype_value": CARD_DOCTYPE},
    "claims": [{"path": [CARD_DOCTYPE, "family_name"]}, {"path": [CARD_DOCTYPE, "age_over_18"], "values": [True]}],
}
RESIDENCE = {
    "id": "home",
    "format": "dc+sd-jwt",
    "meta": {"vct_values": ["urn:hoheit:residence:1"]},
    "claims": [{"path": ["address", "locality"]}],
}


def ask(town, *credentials, **more):
    return town.verifier.post("/api/requests", dcql_query={"credentials": [*credentials], **more})


def failed(found):
    return [line["check"] for line in found["verdict"]["checks"] if line["passed"] is False]


def test_both_forms_come_with_one_offer_and_say_the_same(town):
    plain, mdoc = town.receive("card", "card-mdoc")
    assert [(held.format, held.type) for held in (plain, mdoc)] == [
        ("dc+sd-jwt", "urn:example:card:1"),
        ("mso_mdoc", CARD_DOCTYPE),
    ]
    said, elements = plain.read_claims(), mdoc.read_claims()[CARD_DOCTYPE]
    assert elements["family_name"] == said["family_name"]
    assert elements["birth_date"] == said["birthdate"]
    assert elements["resident_city"] == said["address"]["locality"]
    assert elements["age_over_18"] is True
    assert "address" not in elements
    assert len({copy.key for copy in mdoc.copies}) == len(mdoc.copies) > 1


@pytest.mark.parametrize("response_mode", ["direct_post", "direct_post.jwt"])
def test_an_mdoc_is_shown_by_what_was_asked_and_no_more(town, response_mode):
    """T064: what is signed says whether the answer is encrypted."""
    town.receive("card-mdoc")
    request = town.verifier.post("/api/requests", dcql_query={"credentials": [MDOC]}, response_mode=response_mode)
    town.share(request["uri"])
    found = town.verdict(request)
    assert (found["state"], failed(found)) == ("accepted", [])
    assert found["claims"] == {"card": [{CARD_DOCTYPE: {"family_name": "Mustermann", "age_over_18": True}}]}


def test_two_formats_answer_one_request_with_one_consent(town):
    town.receive("card-mdoc", "residence")
    request = ask(town, MDOC, RESIDENCE)
    presenting, run = town.wallet.wallet.presenting, town.wallet.run
    seen = run(presenting.look(request["uri"]))
    assert len(seen.consent.questions) == 2
    run(presenting.share(seen, seen.default_choice()))
    found = town.verdict(request)
    assert found["state"] == "accepted"
    assert found["claims"].keys() == {"card", "home"}


def test_whoever_has_one_form_answers_with_it(town):
    """The request names both, and what is held picks."""
    town.receive("card-mdoc")
    plain = {"id": "plain", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:example:card:1"]},
             "claims": [{"path": ["family_name"]}]}  # fmt: skip
    request = ask(town, plain, MDOC, credential_sets=[{"options": [["plain"], ["card"]]}])
    town.share(request["uri"])
    found = town.verdict(request)
    assert (found["state"], list(found["claims"])) == ("accepted", ["card"])


def test_a_revoked_mdoc_is_seen(town):
    known = {line["id"] for line in town.issuer.get("/api/credentials", subject=CITIZEN).json()}
    town.receive("card-mdoc")
    now = {"use_case": "card-now"}
    request = town.verifier.post("/api/requests", **now)
    town.share(request["uri"])
    assert town.verdict(request)["state"] == "accepted"
    [*fresh] = {line["id"] for line in town.issuer.get("/api/credentials", subject=CITIZEN).json()} - known
    town.issuer.post(f"/api/credentials/{fresh[0]}/revoke")
    request = town.verifier.post("/api/requests", **now)
    town.share(request["uri"])
    found = town.verdict(request)
    assert (found["state"], failed(found)) == ("refused", ["status"])


def test_a_driving_licence_is_accepted_for_what_its_holder_may_drive(town):
    """A query cannot look into an array of objects, so the use case demands it of what was disclosed."""
    town.receive("mdl")
    car, lorry = (town.verifier.post("/api/requests", use_case=name) for name in ("driving-licence", "lorry"))
    for request in (car, lorry):
        town.share(request["uri"])
    found = town.verdict(car)
    assert (found["state"], failed(found)) == ("accepted", [])
    [licence] = found["claims"]["mdl"]
    assert [one["vehicle_category_code"] for one in licence["org.iso.18013.5.1"]["driving_privileges"]] == [
        "AM",
        "B",
        "L",
    ]
    found = town.verdict(lorry)
    assert (found["state"], failed(found), found["claims"]) == ("refused", ["query_complete"], None)


def test_whoever_holds_both_forms_answers_with_the_one_that_the_partner_likes_better(town):
    town.receive("pid", "pid-mdoc")
    for use_case, shown in (("over-18", "pid"), ("medicine", "pid-mdoc")):
        request = town.verifier.post("/api/requests", use_case=use_case)
        town.share(request["uri"])
        found = town.verdict(request)
        assert (found["state"], list(found["claims"])) == ("accepted", [shown])
