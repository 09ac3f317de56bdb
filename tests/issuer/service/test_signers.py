"""The authority's list of revoked signers: signed, of the day, the same from every worker, and never running back."""

from collections.abc import Iterable

import pytest
from cryptography import x509

from issuer.app import SHIPPED_TYPES
from issuer.credential_types import read_types
from issuer.people import read_people
from issuer.service.signers import LIFETIME, SignerList
from protocol.crl import RevocationReason, verify_crl
from protocol.errors import CredentialRequestDenied, NotFound
from protocol.formats import IssuerSigner
from protocol.x509 import Certificate
from runtime.certificates import CertificateNames, make_authority
from runtime.crl import RevokedCertificate
from tests.protocol.mdoc.samples import PKI
from tests.support.issuer import Clock, make_issuer
from tests.support.pki import DAY, NOW, seeded, seeded_key
from tests.support.tree import ROOT

URL = "https://agency.example"
CRL = f"{URL}/authority.crl"
AUTHORITY = make_authority(
    seeded_key(3), CertificateNames("Office", "Office CA", uris=(URL,)), now=NOW - DAY, days=100, random_bytes=seeded(4),
    crl_uri=CRL,
)  # fmt: skip
STOLEN = RevokedCertificate(0xABC, NOW - 10, RevocationReason.KEY_COMPROMISE)


class Revoked:
    """What is revoked, as the file says it."""

    def __init__(self, *entries: RevokedCertificate) -> None:
        self.entries: Iterable[RevokedCertificate] = entries

    def __call__(self) -> tuple[RevokedCertificate, ...]:
        return tuple(self.entries)


def desk(revoked, clock=None):
    return make_issuer(clock=clock).with_context(authority=AUTHORITY, revoked=revoked)


def read(worker):
    der = worker.run(worker.issuer.signers.current())
    found = x509.load_der_x509_crl(der)
    return found, found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_a_list_says_who_is_revoked_as_readers_check_it():
    worker = desk(Revoked(STOLEN))
    der = worker.run(worker.issuer.signers.current())
    issuer = Certificate.from_der(AUTHORITY.to_der())
    found = verify_crl(der, issuer, uri=CRL, now=NOW)
    assert dict(found.revoked) == {0xABC: RevocationReason.KEY_COMPROMISE}
    assert found.next_update - found.this_update == LIFETIME
    found.check_fresh(NOW)


def test_workers_say_the_same_and_a_list_never_runs_back():
    """T091."""
    clock, revoked = Clock(), Revoked()
    one, other = desk(revoked, clock), desk(revoked, clock)
    first, number = read(one)
    assert (read(other)[1], read(other)[0].tbs_certlist_bytes) == (number, first.tbs_certlist_bytes)
    assert len(first) == 0
    revoked.entries = (STOLEN,)
    second, later = read(other)
    assert later > number
    assert second.get_revoked_certificate_by_serial_number(0xABC) is not None
    assert read(one)[1] == later
    clock.move(DAY)
    third, latest = read(one)
    assert latest > later
    assert third.last_update_utc > second.last_update_utc


def test_a_list_is_made_once_a_day():
    signed = []

    class Counting:
        public_key = AUTHORITY.key.public_key

        def sign(self, message):
            signed.append(message)
            return AUTHORITY.key.sign(message)

    counted = SignerList(type(AUTHORITY)(Counting(), AUTHORITY.certificate), Revoked(STOLEN), Clock())
    worker = make_issuer()
    lists = {worker.run(counted.current()) for _ in range(3)}
    assert (len(lists), len(signed)) == (1, 1)


def test_nothing_in_a_list_is_younger_than_the_list():
    today = NOW - NOW % DAY
    for at in (today - DAY, today, NOW):
        found, _ = read(desk(Revoked(STOLEN._replace(revoked_at=at))))
        assert int(found.last_update_utc.timestamp()) == max(today, at)


@pytest.mark.parametrize(("country", "is_offered"), [("DE", True), ("AT", False)])
def test_a_licence_of_another_country_is_not_even_offered(country, is_offered):
    """ISO/IEC 18013-5 §9.3.1: no reader would believe it. The register's value is not repeated."""
    types = read_types(SHIPPED_TYPES)
    record = read_people((ROOT / "hoheit/demo/town/people.csv").read_bytes(), types.values())["erika"]
    assert isinstance(record["licence"], dict)
    record["licence"]["issuing_country"] = country
    worker = make_issuer(types={"mdl": types["mdl"]}).with_context(signing=IssuerSigner(PKI.signer, PKI.x5c))
    worker.register.put({"erika": record})
    if is_offered:
        assert worker.offer("mdl", subject="erika").uri
        return
    with pytest.raises(CredentialRequestDenied) as refused:
        worker.offer("mdl", subject="erika")
    assert refused.value.description == "document: has another issuing_country than its signer"


def test_without_an_authority_there_is_no_list():
    worker = make_issuer()
    with pytest.raises(NotFound):
        worker.run(worker.issuer.signers.current())
    with worker.browser() as http:
        assert http.get("/authority.crl").status_code == 404


def test_the_list_is_where_certificates_say_it_is():
    with desk(Revoked(STOLEN)).browser() as http:
        answer = http.get("/authority.crl")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pkix-crl")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert len(x509.load_der_x509_crl(answer.content)) == 1
