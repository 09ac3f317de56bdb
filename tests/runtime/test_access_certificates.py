"""Access certificates as an authority makes them: what a wallet reads is what the register says."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from protocol.csr import verify_request
from protocol.errors import Malformed
from protocol.trust.access import NCP_LEGAL, NCP_NATURAL, AccessCertificate, AccessContacts, NaturalPerson
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate
from runtime.access_certificates import issue_access_certificate
from runtime.certificates import CertificateNames, make_authority, make_request
from tests.support.access import AUTHORITY, LIBRARY, TERMS
from tests.support.pki import DAY, NOW, seeded, seeded_key

KEY = seeded_key(77)
PERSON = replace(
    LIBRARY, identifier="TINDE-12345678901", person=NaturalPerson("Erika", "Mustermann"), unit="Shop", dns_names=()
)


def issue(holder=LIBRARY, *, authority=AUTHORITY, terms=TERMS, seed=5):
    return issue_access_certificate(authority, KEY.public_key, holder, terms, now=NOW, random_bytes=seeded(seed))


def test_a_request_becomes_a_certificate_that_a_wallet_trusts():
    key = verify_request(make_request(KEY, CertificateNames("Whoever", "They Are")).public_bytes(Encoding.PEM))
    made = issue_access_certificate(AUTHORITY, key, LIBRARY, TERMS, now=NOW, random_bytes=seeded(1))
    root = Certificate.from_der(AUTHORITY.certificate.public_bytes(Encoding.DER))
    anchors = TrustAnchors([TrustAnchor(root, Role.VERIFIER, "Registrar")])
    party = anchors.chain((made,), role=Role.VERIFIER, now=NOW, at="x5c")
    assert party.chain == (made,)
    assert made.key == KEY.public_key
    assert made.authority_key_id == root.key_id
    assert "Whoever" not in made.subject


@pytest.mark.parametrize(("holder", "policy"), [(LIBRARY, NCP_LEGAL), (PERSON, NCP_NATURAL)])
def test_what_the_register_says_is_what_is_read(holder, policy):
    access = AccessCertificate.from_certificate(issue(holder))
    assert access.holder == holder
    assert access.policies == (policy,)
    assert access.practice_uris == (TERMS.practice_uri,)
    assert access.crl_uris == (TERMS.crl_uri,)


def test_a_pseudonym_stands_for_a_person():
    holder = replace(PERSON, person=NaturalPerson(pseudonym="Bookworm"))
    assert AccessCertificate.from_certificate(issue(holder)).holder == holder


def test_the_certificate_says_where_its_authority_is_found():
    made = x509.load_der_x509_certificate(issue().der)
    access = made.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [(one.access_method, one.access_location.value) for one in access] == [
        (AuthorityInformationAccessOID.CA_ISSUERS, TERMS.authority_uri)
    ]


def test_serial_numbers_come_from_the_random_source():
    assert issue(seed=1).serial_number == issue(seed=1).serial_number != issue(seed=2).serial_number
    assert issue(seed=1).serial_number.bit_length() > 128


def test_no_certificate_outlives_its_authority():
    short = make_authority(KEY, CertificateNames("A", "A CA"), now=NOW, days=10, random_bytes=seeded(3))
    assert issue(authority=short).not_after == int(short.certificate.not_valid_after_utc.timestamp())
    assert issue(terms=replace(TERMS, days=5)).not_after < NOW + 5 * DAY


@pytest.mark.parametrize(
    "wrong",
    [
        {"contacts": AccessContacts()},
        {"identifier": "12345"},
        {"country": "Germany"},
        {"trade_name": "Ü" * 33},
        {"trade_name": ""},
        {"contacts": AccessContacts(websites=("https://bücher.example",))},
        {"contacts": AccessContacts(phones=("+49 30 ☎",))},
        {"person": NaturalPerson()},
    ],
)
def test_what_no_certificate_can_say_is_refused(wrong):
    with pytest.raises(Malformed):
        issue(replace(LIBRARY, **wrong))
