"""What people read of a registration: both forms of a document are one document, with what is asked of either."""

from protocol.dcql.query import MDOC, SD_JWT_VC, CredentialMeta
from protocol.trust.registration import RegisteredCredential
from registrar.sheet import asked_in, compare, sheet
from tests.support.registrar import agency, cinema, use

PID = "eu.europa.ec.eudi.pid.1"
PLAIN = {"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": [["birthdate"], ["address"]]}
OTHER = {
    "format": "mso_mdoc",
    "doctype_value": PID,
    "claims": [[PID, "birth_date"], [PID, "resident_city"], [PID, "portrait"], [PID, "x"]],
}


def asked(*credentials):
    """What stands in the part of a sheet about one use, by key and label."""
    party = cinema(uses=[use(credentials=[*credentials])])
    [section] = [section for section in sheet(party, "en") if section.key == "use"]
    return {(line.key, line.label): line.values for line in section.lines}


def test_both_forms_of_a_document_are_one_with_the_data_of_both():
    lines = asked(PLAIN, OTHER)
    assert lines["asked", "Identity card"] == ("Date of birth", "Full address", "Photo", f"{PID} › x")
    assert lines["forms", ""] == ("Identity card: SD-JWT VC, mdoc",)


def test_parts_of_what_is_asked_as_a_whole_are_not_named_again():
    assert asked(PLAIN)["asked", "Identity card"] == ("Date of birth", "Full address")
    assert asked(OTHER)["asked", "Identity card"] == ("Date of birth", "Town or village", "Photo", f"{PID} › x")


def test_a_form_more_is_seen_in_a_change():
    before = sheet(cinema(uses=[use(credentials=[PLAIN])]), "en")
    after = sheet(cinema(uses=[use(credentials=[PLAIN, {**OTHER, "claims": [[PID, "birth_date"]]}])]), "en")
    [line] = [line for section in compare(before, after) for line in section.lines if line.changed]
    assert (line.key, line.after) == ("forms", ("Identity card: SD-JWT VC, mdoc",))


def test_what_is_issued_is_named_once_with_its_forms():
    provides = [{"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"]}, {"format": "mso_mdoc", "doctype_value": PID}]
    lines = {
        line.key: line.values for s in sheet(agency(provides=provides), "en") if s.key == "issues" for line in s.lines
    }
    assert (lines["provides"], lines["forms"]) == (("Identity card",), ("Identity card: SD-JWT VC, mdoc",))


def test_nobody_gets_among_a_known_document_by_its_name():
    known = RegisteredCredential(SD_JWT_VC, CredentialMeta(vct_values=("urn:eudi:pid:1",)), (("birthdate",),))
    named = RegisteredCredential(SD_JWT_VC, CredentialMeta(vct_values=("Identity card",)), (("picture",),))
    other = RegisteredCredential(MDOC, CredentialMeta(doctype_value="Identity card"), (("x", "y"),))
    assert [(one.name, one.data) for one in asked_in((known, named, other), "en")] == [
        ("Identity card", ("Date of birth",)),
        ("Identity card", ("picture",)),
        ("Identity card", ("x › y",)),
    ]
