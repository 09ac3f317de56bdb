"""A library that is not ours reads our access and registration certificates, and finds that they belong together."""

import datetime
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from openvc.errors import OpenvcError
from openvc.rp_cert import verify_rp_access_certificate
from openvc.rp_registration import check_matches_access_certificate, verify_rp_registration_certificate

from protocol.errors import ProtocolError
from protocol.trust.access import NCP_LEGAL
from protocol.trust.registration import sign_registration, sign_registration_cwt, verify_registration
from runtime.access_certificates import issue_access_certificate
from tests.protocol.trust.test_registration import FULL, PROVIDER
from tests.protocol.trust.test_registration_cwt import signed
from tests.support.access import AUTHORITY, LIBRARY, TERMS
from tests.support.pki import DAY, NOW, seeded, seeded_key

WHEN = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
REGISTRATION = replace(FULL, expires_at=NOW + 300 * DAY)
SIGN = (sign_registration, sign_registration_cwt)


def their_access(holder=LIBRARY):
    made = issue_access_certificate(AUTHORITY, seeded_key(3).public_key, holder, TERMS, now=NOW, random_bytes=seeded(4))
    anchor = AUTHORITY.certificate.public_bytes(Encoding.DER)
    return verify_rp_access_certificate(made.der, trust_anchors=[anchor], now=WHEN)


def their_registration(certificate):
    return verify_rp_registration_certificate(certificate, trust_anchors=[PROVIDER.root.x509], now=WHEN)


def test_they_read_whom_an_access_certificate_is_for():
    access = their_access()
    assert access.entity_identifier == LIBRARY.identifier
    assert (access.trade_name, access.organization_name, access.country) == ("Library", "Town Library", "DE")
    assert access.certificate_policies == (NCP_LEGAL,)
    assert access.public_jwk == seeded_key(3).public_key.to_jwk()


@pytest.mark.parametrize("sign", SIGN)
def test_they_read_what_somebody_registered_for_in_both_forms(sign):
    found = their_registration(sign(REGISTRATION, PROVIDER.signer, PROVIDER.x5c))
    assert found.subject_identifier == REGISTRATION.identifier
    assert found.trade_name == REGISTRATION.name
    assert found.entitlements == REGISTRATION.entitlements
    assert found.intermediary_identifier == REGISTRATION.intermediary.identifier


@pytest.mark.parametrize("sign", SIGN)
def test_they_find_that_the_two_belong_together(sign):
    registration = their_registration(sign(REGISTRATION, PROVIDER.signer, PROVIDER.x5c))
    check_matches_access_certificate(registration, their_access(), match_trade_name=True)
    with pytest.raises(OpenvcError):
        check_matches_access_certificate(registration, their_access(replace(LIBRARY, identifier="VATDE-1")))


@pytest.mark.parametrize(
    "certificate",
    [
        signed(exp=NOW - DAY),
        signed(exp=NOW + 400 * DAY),
        signed(header={16: "rc-wrp+jwt"}),
        signed(header={1: -35}),
        signed(signer=seeded_key(9)),
    ],
    ids=["expired", "too long", "another type", "another algorithm", "another key"],
)
def test_both_refuse_what_does_not_hold(certificate):
    with pytest.raises(OpenvcError):
        their_registration(certificate)
    with pytest.raises(ProtocolError):
        verify_registration(certificate, anchors=PROVIDER.anchors, now=NOW)
