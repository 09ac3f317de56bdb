"""Access certificates: what is read from a good one, and each thing that makes a certificate none."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from protocol.errors import Malformed
from protocol.trust.access import (
    MAX_ITEMS,
    NCP_LEGAL,
    NCP_NATURAL,
    QCP_LEGAL,
    QCP_NATURAL,
    TELEPHONE_NUMBER,
    AccessCertificate,
    AccessContacts,
    LegalPerson,
    NaturalPerson,
)
from tests.support.access import NATURAL, POINT, SUBJECT, TERMS, WEBSITE, AccessTemplate, phone, policy
from tests.support.pki import make_pki, quietly

GOOD = AccessTemplate()
PERSON = replace(GOOD, subject=NATURAL, policies=[policy(NCP_NATURAL, TERMS.practice_uri)])
OWN_POLICY = "1.3.6.1.4.1.99999.1"


def read(template=GOOD):
    with quietly():
        return AccessCertificate.from_certificate(template.issue())


def without(subject, oid):
    return [(kind, text) for kind, text in subject if kind != oid]


def refused_at(template):
    with pytest.raises(Malformed) as refusal:
        read(template)
    return refusal.value.at.removeprefix("access certificate").lstrip(".")


def test_a_legal_person_is_read():
    access = read()
    holder = access.holder
    assert (holder.identifier, holder.person) == ("VATDE-123456789", LegalPerson("Town Library"))
    assert (holder.trade_name, holder.country, holder.unit) == ("Library", "DE", None)
    assert holder.contacts == AccessContacts(websites=("https://library.example/help",))
    assert holder.dns_names == ("library.example",)
    assert (access.policies, access.practice_uris) == ((NCP_LEGAL,), (TERMS.practice_uri,))
    assert access.crl_uris == (TERMS.crl_uri,)
    assert not access.qualified


def test_a_natural_person_is_read():
    holder = read(PERSON).holder
    assert holder.person == NaturalPerson("Erika", "Mustermann")
    assert (holder.identifier, holder.trade_name) == ("TINDE-12345678901", "Mustermann Books")


def test_a_natural_person_may_be_known_by_a_pseudonym_or_by_one_name():
    only = without(without(NATURAL, NameOID.GIVEN_NAME), NameOID.SURNAME)
    known = read(replace(PERSON, subject=[*only, (NameOID.PSEUDONYM, "Bookworm")]))
    assert known.holder.person == NaturalPerson(pseudonym="Bookworm")
    known = read(replace(PERSON, subject=without(NATURAL, NameOID.GIVEN_NAME)))
    assert known.holder.person == NaturalPerson(family_name="Mustermann")


@pytest.mark.parametrize(("oid", "qualified"), [(NCP_LEGAL, False), (QCP_LEGAL, True)])
def test_the_policy_of_a_legal_person_says_whether_it_is_qualified(oid, qualified):
    assert read(replace(GOOD, policies=[policy(oid, TERMS.practice_uri)])).qualified is qualified


@pytest.mark.parametrize(("oid", "qualified"), [(NCP_NATURAL, False), (QCP_NATURAL, True)])
def test_the_policy_of_a_natural_person_says_whether_it_is_qualified(oid, qualified):
    assert read(replace(PERSON, policies=[policy(oid, TERMS.practice_uri)])).qualified is qualified


@pytest.mark.parametrize(
    ("subject", "person"),
    [
        (SUBJECT, LegalPerson("Town Library")),
        (NATURAL, NaturalPerson("Erika", "Mustermann")),
        # NAT-4.2.4-6: a person at an organization is a natural one
        ([*NATURAL, (NameOID.ORGANIZATION_IDENTIFIER, "VATDE-1")], NaturalPerson("Erika", "Mustermann")),
    ],
)
def test_where_a_provider_has_a_policy_of_its_own_the_subject_tells_the_kind_of_person(subject, person):
    template = replace(GOOD, subject=subject, policies=[policy(OWN_POLICY, TERMS.practice_uri)])
    assert read(template).holder.person == person


def test_several_instances_are_told_apart():
    subject = [*SUBJECT, (NameOID.ORGANIZATIONAL_UNIT_NAME, "Branch 7")]
    assert read(replace(GOOD, subject=subject)).holder.unit == "Branch 7"


@pytest.mark.parametrize(
    ("name", "contacts"),
    [
        (WEBSITE, AccessContacts(websites=("https://library.example/help",))),
        (x509.RFC822Name("help@library.example"), AccessContacts(emails=("help@library.example",))),
        (phone("+49 30 123456"), AccessContacts(phones=("+49 30 123456",))),
        (x509.OtherName(TELEPHONE_NUMBER, asn1.encode_der("+49 30 1")), AccessContacts(phones=("+49 30 1",))),
    ],
)
def test_one_contact_of_any_kind_is_enough(name, contacts):
    assert read(replace(GOOD, names=[name])).holder.contacts == contacts


@pytest.mark.parametrize(
    "names",
    [
        None,
        [x509.DNSName("library.example")],
        [x509.OtherName(x509.ObjectIdentifier("1.2.3.4"), asn1.encode_der("+49 30 1"))],
        [x509.OtherName(TELEPHONE_NUMBER, b"\x02\x01\x05")],
        [x509.OtherName(TELEPHONE_NUMBER, asn1.encode_der(asn1.PrintableString("")))],
        [WEBSITE] * (MAX_ITEMS + 1),
        [x509.UniformResourceIdentifier("https://library.example/" + "a" * 1024)],
    ],
)
def test_a_certificate_that_does_not_say_how_its_holder_is_reached_is_refused(names):
    assert refused_at(replace(GOOD, names=names)) == "subjectAltName"


@pytest.mark.parametrize(
    "oid", [NameOID.ORGANIZATION_IDENTIFIER, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME, NameOID.COUNTRY_NAME]
)
def test_what_a_legal_person_needs_stands_there_once(oid):
    assert refused_at(replace(GOOD, subject=without(SUBJECT, oid))) == "subject"
    again = next((kind, text) for kind, text in SUBJECT if kind == oid)
    assert refused_at(replace(GOOD, subject=[*SUBJECT, again])) == "subject"


@pytest.mark.parametrize("oid", [NameOID.SERIAL_NUMBER, NameOID.COMMON_NAME, NameOID.COUNTRY_NAME])
def test_what_a_natural_person_needs_stands_there_once(oid):
    assert refused_at(replace(PERSON, subject=without(NATURAL, oid))) == "subject"
    again = next((kind, text) for kind, text in NATURAL if kind == oid)
    assert refused_at(replace(PERSON, subject=[*NATURAL, again])) == "subject"


def test_a_natural_person_without_a_name_is_refused():
    only = without(without(NATURAL, NameOID.GIVEN_NAME), NameOID.SURNAME)
    assert refused_at(replace(PERSON, subject=only)) == "subject"


def test_the_identifier_of_the_other_kind_of_person_is_none():
    assert refused_at(replace(GOOD, policies=PERSON.policies)) == "subject"
    assert refused_at(replace(PERSON, policies=GOOD.policies)) == "subject"


@pytest.mark.parametrize("identifier", ["LEIXG-529900T8BM49AURSDO55", "NTRDE-HRB 123", "SI:SE-5567", "EORDE-1"])
def test_semantic_identifiers_are_read(identifier):
    subject = [*without(SUBJECT, NameOID.ORGANIZATION_IDENTIFIER), (NameOID.ORGANIZATION_IDENTIFIER, identifier)]
    assert read(replace(GOOD, subject=subject)).holder.identifier == identifier


@pytest.mark.parametrize(
    "identifier", ["123456789", "VATDE", "VATDE-", "VATDE- 1", "VATDE-1\n", "vatde-1", "VATDE_1", "V:DE-1", "VATDE-1 "]
)
def test_an_identifier_without_its_kind_and_country_is_refused(identifier):
    subject = [*without(SUBJECT, NameOID.ORGANIZATION_IDENTIFIER), (NameOID.ORGANIZATION_IDENTIFIER, identifier)]
    assert refused_at(replace(GOOD, subject=subject)) == "subject"


@pytest.mark.parametrize("country", ["de", "DEU", "1D"])
def test_a_country_has_two_letters(country):
    subject = [*without(SUBJECT, NameOID.COUNTRY_NAME), (NameOID.COUNTRY_NAME, country)]
    assert refused_at(replace(GOOD, subject=subject)) == "subject"


def test_a_name_that_nobody_could_read_is_refused():
    subject = [*without(SUBJECT, NameOID.ORGANIZATION_NAME), (NameOID.ORGANIZATION_NAME, "A" * 1025)]
    assert refused_at(replace(GOOD, subject=subject)) == "subject"


@pytest.mark.parametrize(
    "policies",
    [
        None,
        [policy(NCP_LEGAL)],
        [policy(NCP_LEGAL, TERMS.practice_uri), policy(QCP_NATURAL)],
        [policy(f"1.3.6.1.4.1.99999.{i}", TERMS.practice_uri) for i in range(MAX_ITEMS + 1)],
    ],
    ids=["none", "no practice statement", "of two kinds of person", "too many"],
)
def test_policies_that_break_the_profile_are_refused(policies):
    assert refused_at(replace(GOOD, policies=policies)) == "certificatePolicies"


@pytest.mark.parametrize("usages", [("digital_signature",), ("content_commitment",)])
def test_a_key_that_signs_data_is_accepted(usages):
    assert read(replace(GOOD, usages=usages)).holder.identifier


@pytest.mark.parametrize(
    "usages",
    [None, ("key_agreement",), ("digital_signature", "key_cert_sign"), ("digital_signature", "crl_sign")],
)
def test_a_key_for_something_else_is_refused(usages):  # T083
    assert refused_at(replace(GOOD, usages=usages)) == "keyUsage"


def test_an_authority_has_no_access_certificate():  # T083
    authority = x509.BasicConstraints(ca=True, path_length=None)
    assert refused_at(replace(GOOD, extensions=[authority])) == "basicConstraints"


@pytest.mark.parametrize(
    "purpose",
    [
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    ],
)
def test_a_certificate_of_a_web_server_is_refused(purpose):
    other = x509.ObjectIdentifier("1.0.18013.5.1.6")
    assert refused_at(replace(GOOD, extensions=[x509.ExtendedKeyUsage([other, purpose])])) == "extendedKeyUsage"
    assert read(replace(GOOD, extensions=[x509.ExtendedKeyUsage([other])])).holder.identifier


@pytest.mark.parametrize("oid", ["0.4.0.194121.2.1", "2.5.29.56"])
def test_a_certificate_that_is_never_revoked_is_refused(oid):
    never = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x05\x00")
    assert refused_at(replace(GOOD, extensions=[never])) == ""


def test_a_certificate_says_where_revoked_ones_are_listed():
    part = x509.DistributionPoint(POINT.full_name, None, frozenset((x509.ReasonFlags.key_compromise,)), None)
    of_others = x509.DistributionPoint(POINT.full_name, None, None, [x509.DirectoryName(x509.Name([]))])
    for points in (None, [part], [of_others]):
        assert refused_at(replace(GOOD, points=points)) == "cRLDistributionPoints"
    many = x509.DistributionPoint([WEBSITE] * (MAX_ITEMS + 1), None, None, None)
    assert refused_at(replace(GOOD, points=[many])) == "cRLDistributionPoints"


def test_a_certificate_that_is_only_known_to_an_online_service_keeps_the_profile():
    place = x509.UniformResourceIdentifier("https://ocsp.example")
    online = x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)])
    assert read(replace(GOOD, points=None, extensions=[online])).crl_uris == ()
    elsewhere = x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)]
    )
    assert refused_at(replace(GOOD, points=None, extensions=[elsewhere])) == "cRLDistributionPoints"


def test_the_certificate_of_an_issuer_of_credentials_is_no_access_certificate():
    with pytest.raises(Malformed):
        AccessCertificate.from_certificate(make_pki().leaf.certificate)


def test_a_person_may_be_known_by_the_given_name_alone():
    known = read(replace(PERSON, subject=without(NATURAL, NameOID.SURNAME)))
    assert known.holder.person == NaturalPerson(given_name="Erika")


def test_policies_have_a_cap():  # T018
    many = [policy(f"{OWN_POLICY}.{i}") for i in range(MAX_ITEMS)]
    many.append(policy(NCP_LEGAL, TERMS.practice_uri))
    assert refused_at(replace(GOOD, policies=many)) == "certificatePolicies"
    assert len(read(replace(GOOD, policies=many[1:])).policies) == MAX_ITEMS
