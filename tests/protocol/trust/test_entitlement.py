from dataclasses import replace

import pytest

from protocol.dcql.query import CredentialMeta
from protocol.trust.entitlement import is_entitled
from protocol.trust.registration import (
    NON_Q_EAA_PROVIDER,
    PID_PROVIDER,
    PUB_EAA_PROVIDER,
    QEAA_PROVIDER,
    SERVICE_PROVIDER,
    RegisteredCredential,
)
from tests.protocol.trust.test_registration import LEAST

PID, PID_MDOC, CARD = "urn:eudi:pid:1", "eu.europa.ec.eudi.pid.1", "urn:library:card:1"
ALL = (
    RegisteredCredential("dc+sd-jwt", CredentialMeta((PID, "urn:eudi:pid:de:1", CARD))),
    RegisteredCredential("mso_mdoc", CredentialMeta((), PID_MDOC)),
)


def entry(*entitlements, provides=ALL):
    return replace(LEAST, entitlements=entitlements, provides=provides)


@pytest.mark.parametrize(
    ("registration", "credential_format", "credential_type", "expected"),
    [
        (entry(PID_PROVIDER), "dc+sd-jwt", PID, True),
        (entry(PID_PROVIDER), "dc+sd-jwt", "urn:eudi:pid:de:1", True),
        (entry(PID_PROVIDER), "mso_mdoc", PID_MDOC, True),
        (entry(QEAA_PROVIDER), "dc+sd-jwt", CARD, True),
        (entry(PUB_EAA_PROVIDER), "dc+sd-jwt", CARD, True),
        (entry(NON_Q_EAA_PROVIDER), "dc+sd-jwt", CARD, True),
        (entry(NON_Q_EAA_PROVIDER), "dc+sd-jwt", PID, False),  # nobody but PID providers issues the PID
        (entry(QEAA_PROVIDER), "mso_mdoc", PID_MDOC, False),
        (entry(SERVICE_PROVIDER), "dc+sd-jwt", CARD, False),  # may ask, and issues nothing
        (entry(PID_PROVIDER), "dc+sd-jwt", "urn:other", False),
        (entry(PID_PROVIDER), "mso_mdoc", PID, False),  # in another format
        (entry(PID_PROVIDER, provides=()), "dc+sd-jwt", PID, False),
    ],
)
def test_an_issuer_may_issue_what_it_is_registered_for_and_no_more(
    registration, credential_format, credential_type, expected
):
    """T186"""
    assert is_entitled(registration, credential_format, credential_type) is expected
