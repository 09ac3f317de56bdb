from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from protocol.dcql.query import CredentialMeta, DcqlQuery
from protocol.errors import NotAuthentic
from protocol.trust.anchors import Role, TrustAnchors, TrustedIdentifier
from protocol.trust.coverage import Uncovered, check_party, covered_part, covers, uncovered
from protocol.trust.registration import Intermediary, RegisteredCredential
from tests.protocol.trust.test_registration import LEAST
from tests.support.pki import NOW, Certified, make_pki, private_key

PID, MDOC = "urn:eudi:pid:1", "eu.europa.ec.eudi.pid.1"
REGISTERED = (
    RegisteredCredential(
        "dc+sd-jwt", CredentialMeta((PID,)), (("family_name",), ("address", "locality"), ("nationalities", None))
    ),
    RegisteredCredential("dc+sd-jwt", CredentialMeta((PID, "urn:eudi:pid:de:1")), (("given_name",),)),
    RegisteredCredential("dc+sd-jwt", CredentialMeta(("urn:library:card:1",))),
    RegisteredCredential("mso_mdoc", CredentialMeta((), MDOC), ((MDOC, "age_over_18"),)),
)


def asked(*paths, types=(PID,), meta=None, credential_format="dc+sd-jwt", query_id="pid"):
    """A credential query for some claims."""
    query = {"id": query_id, "format": credential_format, "meta": {"vct_values": [*types]} if meta is None else meta}
    return {**query, "claims": [{"path": [*path]} for path in paths]} if paths else query


def missing(*queries):
    """What is not covered, as paths."""
    return uncovered(DcqlQuery.from_dict({"credentials": [*queries]}), REGISTERED)


def party(*attributes):
    """Somebody with an access certificate that says so of its subject."""
    pki = make_pki(role=Role.VERIFIER)
    key = private_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Library"), *attributes])
    builder = x509.CertificateBuilder(
        issuer_name=pki.root.x509.subject,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=7,
        not_valid_before=pki.leaf.x509.not_valid_before_utc.replace(tzinfo=None),
        not_valid_after=pki.leaf.x509.not_valid_after_utc.replace(tzinfo=None),
        extensions=list(pki.leaf.x509.extensions),
    )
    leaf = Certified(key, builder.sign(pki.root.private_key, hashes.SHA256()))
    return pki.anchors.chain((leaf.certificate,), role=Role.VERIFIER, now=NOW, at="x5c")


def organization(identifier):
    return x509.NameAttribute(x509.NameOID.ORGANIZATION_IDENTIFIER, identifier)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(asked(("family_name",), ("given_name",)), id="what is registered, in two entries"),
        pytest.param(asked(("address", "locality")), id="a nested claim"),
        pytest.param(asked(("nationalities", None)), id="every element"),
        pytest.param(asked(("nationalities", 0)), id="one element where all are registered"),
        pytest.param(asked(("given_name",), types=(PID, "urn:eudi:pid:de:1")), id="two types, both registered"),
        pytest.param(asked(), id="nothing that is disclosed selectively"),
        pytest.param(asked(types=("urn:library:card:1",)), id="a credential as such"),
        pytest.param(
            asked((MDOC, "age_over_18"), credential_format="mso_mdoc", meta={"doctype_value": MDOC}), id="mdoc"
        ),
    ],
)
def test_what_was_registered_may_be_asked(query):
    assert missing(query) == ()


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        pytest.param(asked(("birthdate",)), [("birthdate",)], id="T170 another claim"),
        pytest.param(asked(("family_name",), ("birthdate",)), [("birthdate",)], id="T170 one more claim"),
        pytest.param(asked(("address",)), [("address",)], id="T170 all where a part is registered"),
        pytest.param(asked(("address", "street")), [("address", "street")], id="T170 another part"),
        pytest.param(asked(("address", None)), [("address", None)], id="T170 whatever is inside"),
        pytest.param(asked(types=("urn:eudi:pid:fr:1",)), [None], id="T170 another type"),
        pytest.param(asked(("given_name",), types=(PID, "urn:eudi:pid:fr:1")), [None], id="T170 a type more"),
        pytest.param(
            asked(("family_name",), types=(PID, "urn:eudi:pid:de:1")),
            [("family_name",)],
            id="T170 for one of two types",
        ),
        pytest.param(asked(("name",), types=("urn:library:card:1",)), [("name",)], id="T170 where none is registered"),
        pytest.param(asked(("given_name",), meta={}), [None], id="T170 any type at all"),
        pytest.param(asked(("given_name",), meta={"type_values": [["x"]]}), [None], id="T170 types in other words"),
        pytest.param(
            asked(("given_name",), meta={"vct_values": [PID], "type_values": [["x"]]}),
            [None],
            id="T170 some in other words",
        ),
        pytest.param(
            asked((MDOC, "portrait"), credential_format="mso_mdoc", meta={"doctype_value": MDOC}),
            [(MDOC, "portrait")],
            id="T170 another element",
        ),
        pytest.param(
            asked(("family_name",), credential_format="dc+sd-jwt-x", meta={}), [None], id="T170 another format"
        ),
        pytest.param(
            asked((PID, "family_name"), credential_format="mso_mdoc", meta={"doctype_value": PID}),
            [None],
            id="T170 a type of another format",
        ),
    ],
)
def test_what_was_not_registered_is_named(query, paths):
    assert missing(query) == tuple(Uncovered("pid", path) for path in paths)


def test_every_query_is_looked_at():
    found = missing(
        asked(("birthdate",), query_id="a"), asked(("family_name",), query_id="b"), asked(("sex",), query_id="c")
    )
    assert found == (Uncovered("a", ("birthdate",)), Uncovered("c", ("sex",)))


def test_who_registered_nothing_may_ask_for_nothing():
    query = DcqlQuery.from_dict({"credentials": [asked(("family_name",))]})
    assert uncovered(query, ()) == (Uncovered("pid", None),)


@pytest.mark.parametrize(
    ("registered", "path", "expected"),
    [
        (("a",), ("a",), True),
        (("a",), ("a", "b"), True),
        (("a", "b"), ("a",), False),
        (("a", None), ("a", None), True),
        (("a", None), ("a", 3), True),
        (("a", None), ("a", 3, "b"), True),
        (("a", None), ("a", "b"), False),
        (("a", 3), ("a", 3), True),
        (("a", 3), ("a", 4), False),
        (("a", 3), ("a", None), False),
        (("a",), ("b",), False),
    ],
)
def test_a_path_covers_itself_and_what_is_inside(registered, path, expected):
    assert covers(registered, path) is expected


def test_a_registration_belongs_to_whom_the_access_certificate_names():
    check_party(LEAST, party(organization("VATDE-123456789")))
    check_party(LEAST, party(organization("LEIXG-1"), organization("VATDE-123456789")))
    check_party(LEAST, party(x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, "VATDE-123456789")))


def test_an_intermediary_shows_the_registration_of_whom_it_acts_for():
    through = replace(LEAST, intermediary=Intermediary("VATDE-999999999"))
    check_party(through, party(organization("VATDE-999999999")))
    with pytest.raises(NotAuthentic):
        check_party(through, party(organization("VATDE-123456789")))


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param((), id="T170 says no identifier"),
        pytest.param((organization("VATDE-123456780"),), id="T170 another"),
        pytest.param((organization("vatde-123456789"),), id="T170 in small letters"),
        pytest.param((x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "VATDE-123456789"),), id="T170 as a name"),
    ],
)
def test_the_registration_of_another_party_is_refused(attributes):
    with pytest.raises(NotAuthentic, match="another party"):
        check_party(LEAST, party(*attributes))


def test_who_has_no_access_certificate_has_no_registration():
    anchors = TrustAnchors(identifiers=[TrustedIdentifier("did:web:library.example", Role.VERIFIER, "Library")])
    with pytest.raises(NotAuthentic):
        check_party(LEAST, anchors.identified("did:web:library.example", role=Role.VERIFIER))


def left(query, **sets):
    """The part of a query that is covered."""
    whole = DcqlQuery.from_dict({"credentials": query, **sets})
    return covered_part(whole, uncovered(whole, REGISTERED))


def test_what_is_covered_stays_as_it_was():
    whole = DcqlQuery.from_dict({"credentials": [asked(("family_name",))]})
    assert left([asked(("family_name",))]) == whole


def test_without_sets_everything_is_required_so_one_claim_too_much_leaves_nothing():
    assert left([asked(("family_name",), ("birthdate",))]) is None
    assert left([asked(("family_name",)), asked(("x",), query_id="b", types=("urn:other",))]) is None


def test_an_optional_set_goes_alone():
    kept = left(
        [asked(("family_name",), query_id="a"), asked(("birthdate",), query_id="b")],
        credential_sets=[{"options": [["a"]]}, {"options": [["b"]], "required": False}],
    )
    assert [one.id for one in kept.credentials] == ["a"]
    assert [one.options for one in kept.credential_sets] == [(("a",),)]


def test_an_option_goes_as_a_whole_and_the_others_stay():
    queries = [asked(("family_name",), query_id="a"), asked(("birthdate",), query_id="b")]
    assert left(queries, credential_sets=[{"options": [["a", "b"], ["a"]]}]).credential_sets[0].options == (("a",),)
    assert left(queries, credential_sets=[{"options": [["a", "b"]]}]) is None


def test_nothing_is_left_where_all_that_is_covered_stands_in_no_set():
    queries = [asked(("family_name",), query_id="a"), asked(("birthdate",), query_id="b")]
    assert left(queries, credential_sets=[{"options": [["b"]], "required": False}]) is None


def test_a_set_of_claims_goes_as_a_whole():
    claims = [
        {"id": "f", "path": ["family_name"]},
        {"id": "b", "path": ["birthdate"]},
        {"id": "l", "path": ["address", "locality"]},
    ]
    query = {**asked(), "claims": claims, "claim_sets": [["f", "b"], ["f", "l"]]}
    [kept] = left([query]).credentials
    assert kept.claim_sets == (("f", "l"),)
    assert [claim.id for claim in kept.claims] == ["f", "l"]
    assert left([{**query, "claim_sets": [["f", "b"], ["b"]]}]) is None


def test_a_kind_of_credential_that_was_not_registered_goes_with_all_sets_of_claims():
    """T170"""
    claims = [{"id": "f", "path": ["family_name"]}, {"id": "b", "path": ["birthdate"]}]
    query = {**asked(types=("urn:other",)), "claims": claims, "claim_sets": [["f"], ["b"]]}
    assert left([query]) is None


def test_nothing_is_left_where_a_required_set_cannot_be_answered():
    queries = [asked(("family_name",), query_id="a"), asked(("birthdate",), query_id="b")]
    assert left(queries, credential_sets=[{"options": [["a"]]}, {"options": [["b"]]}]) is None
