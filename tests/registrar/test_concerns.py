"""What operators should look at twice: the same, in whichever form a document is asked for, and counted once for both."""

from registrar.concerns import MANY, Worry, concerns
from tests.support.registrar import cinema, use

PID = "eu.europa.ec.eudi.pid.1"
MDL = "org.iso.18013.5.1"
PAIRS = (
    ("family_name", "family_name"), ("given_name", "given_name"), ("birthdate", "birth_date"), ("sex", "sex"),
    ("nationalities", "nationality"), ("email", "email_address"), ("phone_number", "mobile_phone_number"),
    ("issuing_authority", "issuing_authority"), ("document_number", "document_number"),
)  # fmt: skip


def plain(*names):
    return {"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": [[name] for name in names]}


def mdoc(*elements, doctype=PID, namespace=PID):
    claims = [[namespace, element] for element in elements]
    return {"format": "mso_mdoc", "doctype_value": doctype, "claims": claims}


def found(*credentials, others=()):
    party = cinema(uses=[use(credentials=[*credentials]), *others])
    return [one for one in concerns(party, None, "en") if one.use == "over-18"]


def test_a_piece_of_data_in_two_forms_is_one_piece():
    both = [plain(*[name for name, _ in PAIRS[:MANY]]), mdoc(*[element for _, element in PAIRS[:MANY]])]
    assert found(*both) == []
    [much] = found(plain(*[name for name, _ in PAIRS[:MANY]]), mdoc(PAIRS[MANY][1]))
    assert (much.worry, much.number) == (Worry.MANY, MANY + 1)


def test_an_address_as_a_whole_is_all_that_is_inside_of_it_in_either_form():
    names = plain("family_name", "given_name", "birthdate")
    for address in (plain("address"), mdoc("resident_address")):
        assert [(one.worry, one.number) for one in found(names, address)] == [(Worry.MANY, 9)]
    parts = mdoc("resident_address", "resident_city", "resident_street")
    assert [one.number for one in found(names, plain("address"), parts)] == [9]


def test_portraits_and_numbers_are_seen_in_both_forms_and_named_once():
    number = "personal_administrative_number"
    for asked in (
        [plain("picture", number)],
        [mdoc("portrait", number)],
        [plain("picture", number), mdoc("portrait", number)],
    ):
        assert [(one.worry, one.data) for one in found(*asked)] == [
            (Worry.PORTRAIT, ("Photo",)),
            (Worry.NUMBER, ("Personal number at public offices",)),
        ]
    licence = mdoc("portrait", doctype="org.iso.18013.5.1.mDL", namespace=MDL)
    assert [one.worry for one in found(licence)] == [Worry.PORTRAIT]


def test_the_other_form_of_what_another_use_asks_for_is_asked_twice():
    other = use(id="other", credentials=[mdoc("birth_date", "sex")])
    [twice] = found(plain("birthdate"), others=[other])
    assert (twice.worry, twice.data, twice.other) == (Worry.TWICE, ("Date of birth",), "other")


def test_a_document_without_words_is_seen_in_either_form():
    strange = {"format": "dc+sd-jwt", "vct_values": ["urn:x"], "claims": [["a"]]}
    for asked in (strange, mdoc("a", doctype="urn:x")):
        assert [one.worry for one in found(asked)] == [Worry.UNKNOWN]
    assert [one.worry for one in found(mdoc("birth_date"))] == []
    # Unknown data counts once for each form, since nobody knows that it is the same
    names = [f"n{number}" for number in range(5)]
    strange = {"format": "dc+sd-jwt", "vct_values": ["urn:x"], "claims": [[name] for name in names]}
    assert [one.number for one in found(strange, mdoc(*names, doctype="urn:x")) if one.worry is Worry.MANY] == [10]
