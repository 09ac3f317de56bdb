"""To whom an issuer wants its credentials shown: read, written, and held against who asks."""

import contextlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, ProtocolError
from protocol.fields import Fields
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors, TrustedIdentifier
from protocol.trust.disclosure_policy import (
    AuthorisedParties,
    AuthorisedParty,
    DisclosurePolicy,
    NoRestriction,
    NotUnderstood,
    Outcome,
    RootOfTrust,
    RootsOfTrust,
    evaluate,
    root_of_trust,
)
from protocol.trust.registration import SERVICE_PROVIDER, Intermediary, VerifiedRegistration
from protocol.x509 import Certificate
from runtime.access_certificates import issue_access_certificate
from tests.protocol.trust.test_registration import LEAST
from tests.support.access import AUTHORITY, LIBRARY, TERMS
from tests.support.pki import INTERMEDIATE, NOW, Template, make_pki, seeded, seeded_key

PERMITTED, NOT_PERMITTED = Outcome.PERMITTED, Outcome.NOT_PERMITTED
ROOT = Certificate.from_der(AUTHORITY.certificate.public_bytes(Encoding.DER))
ANCHORS = TrustAnchors(
    [TrustAnchor(ROOT, Role.VERIFIER, "Registrar")], [TrustedIdentifier("did:x:1", Role.VERIFIER, "X")]
)
LEAF = issue_access_certificate(AUTHORITY, seeded_key(71).public_key, LIBRARY, TERMS, now=NOW, random_bytes=seeded(72))
ASKER = ANCHORS.chain((LEAF,), role=Role.VERIFIER, now=NOW, at="x5c")
DEEP = make_pki(Template("Go-between"), intermediates=(INTERMEDIATE,), role=Role.VERIFIER)
GO_BETWEEN = DEEP.anchors.chain(DEEP.certificates, role=Role.VERIFIER, now=NOW, at="x5c")
PROVIDING = make_pki(
    Template("Signs registrations"),
    intermediates=(replace(INTERMEDIATE, common_name="Registrations"),),
    role=Role.REGISTRATION_PROVIDER,
)
PROVIDER = PROVIDING.anchors.chain(PROVIDING.certificates, role=Role.REGISTRATION_PROVIDER, now=NOW, at="x5c")
REGISTRATION = VerifiedRegistration(LEAST, PROVIDER)
INTERMEDIATED = VerifiedRegistration(replace(LEAST, intermediary=Intermediary("VATDE-999")), PROVIDER)
NAME = "CN=Library,O=Town Library,ORGID=VATDE-123456789,C=DE"


def policy(restriction):
    return DisclosurePolicy(
        "https://issuer.example/policies/1", restriction, "For libraries", "https://issuer.example/why"
    )


def listed(*parties):
    return policy(AuthorisedParties(parties))


def rooted(*roots):
    return policy(RootsOfTrust(roots))


def read(data):
    return DisclosurePolicy.from_fields(Fields(data, "disclosure_policy"))


@pytest.mark.parametrize(
    "restriction",
    [
        NoRestriction(),
        AuthorisedParties((AuthorisedParty(NAME), AuthorisedParty(entitlement=SERVICE_PROVIDER))),
        RootsOfTrust((root_of_trust(ROOT),)),
    ],
)
def test_what_an_issuer_writes_is_what_a_wallet_reads(restriction):
    assert read(policy(restriction).to_dict()) == policy(restriction)


def test_the_form_that_wallets_in_use_read():
    entitled = {"entitlement": SERVICE_PROVIDER}
    found = read({"id": "policy-id", "policy": "allowList", "options": {"values": [entitled]}, "url": "https://url"})
    assert found == DisclosurePolicy(
        "policy-id", listed(AuthorisedParty(None, SERVICE_PROVIDER)).restriction, None, "https://url"
    )
    assert read({"id": "policy-1", "policy": "none"}) == DisclosurePolicy("policy-1", NoRestriction())


@pytest.mark.parametrize(
    "change",
    [
        {"policy": "attestationBased"},
        {"policy": ...},
        {"policy": 7},
        {"options": ...},
        {"options": {"values": []}},
        {"options": {"values": ["VATDE-1"]}},
        {"options": {"values": [{}]}},
        {"options": {"values": [{"entitlement": SERVICE_PROVIDER}, {"dn": 1}]}},
        {"options": {"values": [{"entitlement": SERVICE_PROVIDER}] * 1001}},
        {"policy": "rootOfTrust"},
        {"policy": "rootOfTrust", "options": {"values": [{"dn": NAME}]}},
    ],
)
def test_a_restriction_that_is_not_understood_is_never_taken_for_none(change):
    good = {"id": "1", "policy": "allowList", "options": {"values": [{"entitlement": SERVICE_PROVIDER}]}}
    found = read({name: value for name, value in {**good, **change}.items() if value is not ...})
    assert found.restriction == NotUnderstood()
    assert evaluate(found, ASKER, REGISTRATION) is Outcome.NOT_UNDERSTOOD
    with pytest.raises(ValueError, match="not understood"):
        found.to_dict()


@pytest.mark.parametrize("change", [{"id": ""}, {"url": "javascript:alert(1)"}, {"description": 1}])
def test_what_people_would_read_has_to_be_in_order(change):
    with pytest.raises(Malformed):
        read({"id": "1", "policy": "none", **change})


def test_without_restriction_everybody_may():
    for asker in (ASKER, ANCHORS.identified("did:x:1", role=Role.VERIFIER)):
        assert evaluate(policy(NoRestriction()), asker, None) is PERMITTED


@pytest.mark.parametrize(
    "name",
    [
        NAME,
        "CN=Library, O=Town Library, ORGID=VATDE-123456789, C=DE",
        "c=de,ORGID=vatde-123456789,o=TOWN  LIBRARY,cn=Library",
        "organizationIdentifier=VATDE-123456789",
        "2.5.4.97=VATDE-123456789",
        "CN=Library,O=Town Library,2.5.4.97=VATDE-123456789,C=DE",
    ],
)
def test_who_is_listed_by_name_may(name):
    assert evaluate(listed(AuthorisedParty("ORGID=VATDE-1"), AuthorisedParty(name)), ASKER, None) is PERMITTED


@pytest.mark.parametrize(
    "name",
    [
        "ORGID=VATDE-1234567890",
        "CN=Museum,ORGID=VATDE-123456789",
        # Anybody may be called so, or live there
        "CN=Library",
        "C=DE",
        "CN=Library,O=Town Library,C=DE",
        "",
        "Library",
        "CN=Registrar CA,O=Registrar,C=DE",
        "SN=VATDE-123456789",
    ],
)
def test_who_is_not_listed_by_name_may_not(name):
    assert evaluate(listed(AuthorisedParty(name)), ASKER, REGISTRATION) is NOT_PERMITTED


def test_a_party_without_an_identifier_is_listed_by_its_whole_name():
    assert evaluate(listed(AuthorisedParty("CN=Go-between")), GO_BETWEEN, None) is PERMITTED
    assert evaluate(listed(AuthorisedParty("CN=Go")), GO_BETWEEN, None) is NOT_PERMITTED


def test_who_is_entitled_may():
    entitled = listed(AuthorisedParty(entitlement=SERVICE_PROVIDER))
    assert evaluate(entitled, ASKER, REGISTRATION) is PERMITTED
    assert evaluate(entitled, ASKER, None) is NOT_PERMITTED
    assert evaluate(listed(AuthorisedParty(entitlement=f"{SERVICE_PROVIDER}s")), ASKER, REGISTRATION) is NOT_PERMITTED


def test_with_an_intermediary_it_is_about_whom_it_asks_for():
    assert evaluate(listed(AuthorisedParty(NAME)), GO_BETWEEN, INTERMEDIATED) is PERMITTED
    assert evaluate(listed(AuthorisedParty("CN=Go-between")), GO_BETWEEN, INTERMEDIATED) is NOT_PERMITTED
    person = replace(
        INTERMEDIATED.says, legal_name=None, given_name="Erika", family_name="Mustermann", identifier="TINDE-1"
    )
    known = "SN=TINDE-1,GN=Erika,surname=Mustermann,CN=Library,C=DE"
    assert evaluate(listed(AuthorisedParty(known)), GO_BETWEEN, replace(INTERMEDIATED, says=person)) is PERMITTED


def test_who_asks_for_themselves_is_called_as_in_their_access_certificate():
    """EDP_02: what a registration calls them is for those whom somebody else asks for."""
    otherwise = VerifiedRegistration(replace(LEAST, name="Bank", legal_name="Bank Ltd"), PROVIDER)
    bank = listed(AuthorisedParty(NAME.replace("Library", "Bank").replace("Town Bank", "Bank Ltd")))
    assert evaluate(listed(AuthorisedParty(NAME)), ASKER, otherwise) is PERMITTED
    assert evaluate(bank, ASKER, otherwise) is NOT_PERMITTED


@pytest.mark.parametrize(
    "spelling", [str, str.upper, lambda text: ":".join(text[i : i + 2] for i in range(0, len(text), 2))]
)
def test_who_is_vouched_for_by_a_listed_authority_may(spelling):
    root = root_of_trust(ROOT)
    assert evaluate(rooted(root._replace(serial_number=spelling(root.serial_number))), ASKER, None) is PERMITTED
    assert evaluate(rooted(root._replace(serial_number=str(ROOT.serial_number))), ASKER, None) is PERMITTED


def test_an_authority_between_counts_as_well():
    for certificate in (DEEP.chain[1].certificate, DEEP.root.certificate):
        assert evaluate(rooted(root_of_trust(certificate)), GO_BETWEEN, None) is PERMITTED


def test_another_authority_does_not_count():
    own = root_of_trust(ROOT)
    others = [own._replace(serial_number="05"), own._replace(subject="CN=Registrar"), own._replace(subject="")]
    others += [own._replace(serial_number="none"), root_of_trust(PROVIDING.root.certificate)]
    assert evaluate(rooted(*others), ASKER, REGISTRATION) is NOT_PERMITTED


def test_nobody_is_an_authority_of_themselves():
    assert evaluate(rooted(root_of_trust(LEAF)), ASKER, None) is NOT_PERMITTED


def test_with_an_intermediary_it_is_about_who_signed_the_registration():
    above = root_of_trust(PROVIDING.root.certificate)
    assert evaluate(rooted(above), GO_BETWEEN, INTERMEDIATED) is PERMITTED
    assert evaluate(rooted(above), ASKER, REGISTRATION) is NOT_PERMITTED
    assert evaluate(rooted(root_of_trust(DEEP.root.certificate)), GO_BETWEEN, INTERMEDIATED) is NOT_PERMITTED


def test_a_party_without_certificates_is_on_no_list():
    known = ANCHORS.identified("did:x:1", role=Role.VERIFIER)
    assert evaluate(listed(AuthorisedParty(NAME), AuthorisedParty("")), known, None) is NOT_PERMITTED
    assert evaluate(rooted(root_of_trust(ROOT), RootOfTrust("", "0")), known, None) is NOT_PERMITTED


@given(st.text(alphabet='CNORGID=,+\\#"<>; ab0 ', max_size=60))
def test_no_name_escapes_the_error_family(name):
    evaluate(listed(AuthorisedParty(name)), ASKER, None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["allowList", "rootOfTrust"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "policy", "options", "values", "dn", "serial", "url"]), inner)
    ),
    max_leaves=12,
)


@given(json_values)
def test_no_input_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        evaluate(read(value), ASKER, REGISTRATION)
