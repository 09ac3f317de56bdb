"""One question for two documents in two formats: the identity card as mdoc, the diploma as SD-JWT VC, and one consent."""

import base64

import pytest

from protocol.encoding import decode_base64url

pytestmark = pytest.mark.flow

PID = "eu.europa.ec.eudi.pid.1"
WHO = {
    "id": "who",
    "format": "mso_mdoc",
    "meta": {"doctype_value": PID},
    "claims": [{"path": [PID, "family_name"]}, {"path": [PID, "portrait"]}],
}
DEGREE = {
    "id": "degree",
    "format": "dc+sd-jwt",
    "meta": {"vct_values": ["urn:hoheit:diploma:1"]},
    "claims": [{"path": ["degree", "title"]}],
}


def ask(town, *credentials):
    request = town.verifier.post("/api/requests", dcql_query={"credentials": [*credentials]})
    return request, town.wallet.run(town.wallet.wallet.presenting.look(request["uri"]))


def test_two_documents_in_two_formats_are_shown_with_one_consent(town):
    """The consent names documents and data; a portrait is a picture there, and bytes for whoever asked."""
    town.receive("pid", "pid-mdoc", "diploma")
    assert len(town.wallet.wallet.keeping.credentials()) == 2
    request, seen = ask(town, WHO, DEGREE)
    assert seen.consent.answerable
    shown = {question.choices[0].name: question.choices[0].claims for question in seen.consent.questions}
    assert {name: [claim.label for claim in claims] for name, claims in shown.items()} == {
        "Identity card": ["Last name", "Photo"],
        "University diploma": ["Name of the degree"],
    }
    picture = shown["Identity card"][1].picture
    assert picture.startswith("data:image/")
    town.wallet.run(town.wallet.wallet.presenting.share(seen, seen.default_choice()))
    found = town.verdict(request)
    assert found["state"] == "accepted"
    assert found["claims"].keys() == {"who", "degree"}
    [who] = found["claims"]["who"]
    assert decode_base64url(who[PID]["portrait"]) == base64.b64decode(picture.partition(",")[2])
    [entry] = [one for one in town.wallet.wallet.keeping.log() if one.action == "sharing"]
    assert [one.type for one in entry.credentials] == [PID, "urn:hoheit:diploma:1"]


def test_without_one_of_them_nothing_is_shown(town):
    """T168"""
    town.receive("pid", "pid-mdoc")
    _, seen = ask(town, WHO, DEGREE)
    assert not seen.consent.answerable
