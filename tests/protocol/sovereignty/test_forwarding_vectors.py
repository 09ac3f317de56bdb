"""The vectors of docs/sovereignty/forwarding.md: current, accepted where they should be, and refused where they should."""

import base64
import json
from dataclasses import replace

import pytest

import protocol.errors
from protocol.jwe import encrypt_jwe
from protocol.sovereignty.forwarded_data import (
    TYP as FORWARDED_TYP,
)
from protocol.sovereignty.forwarded_data import (
    LastUse,
    open_forwarded_data,
    seal_forwarded_data,
    verify_forwarded_data,
)
from protocol.sovereignty.forwarding import TYP, sign_mandate, verify_mandate
from protocol.sovereignty.mandate_handover import TYP as HANDOVER_TYP
from protocol.sovereignty.mandate_handover import sign_handover, verify_handover
from protocol.sovereignty.mandate_status import TYP as STATUS_TYP
from protocol.sovereignty.mandate_status import sign_mandate_status, verify_mandate_status
from protocol.sovereignty.selected_data import hash_value
from protocol.sovereignty.signing import Organisation, hash_text, sign_as_organisation, sign_with_cockpit_key
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.trust.registration import sign_registration, verify_registration
from protocol.x509 import Certificate
from tests.protocol.sovereignty.test_forwarded_data import EXPECTED, FORWARDED, TOWN_REGISTRATION
from tests.protocol.sovereignty.test_forwarding import MANDATE
from tests.protocol.sovereignty.test_mandate_status import ENDED, STATUS
from tests.support.partners import BANK, COCKPIT_KEY, ENC_KEY, OTHER_KEY, TOWN
from tests.support.pki import DAY, NOW, Template, make_pki, seeded, seeded_key
from tests.support.sovereignty_vectors import (
    FOLDER,
    WRITE,
    RepeatableSigner,
    check_current,
    private_jwk,
    published_anchors,
    published_organisation,
    published_partners,
)

FILE = "forwarding.json"
PARTNERS = published_partners(FILE)
ANCHORS = published_anchors(PARTNERS)
REGISTRAR = published_organisation(
    FILE,
    "registrar",
    Organisation("LEIXG-REGISTRAR000000000004", "DE"),
    make_pki(Template(common_name="Registrar"), key=seeded_key(6200), role=Role.REGISTRATION_PROVIDER),
)
REGISTERS = TrustAnchors(
    [TrustAnchor(Certificate.from_der(base64.b64decode(REGISTRAR.authority)), Role.REGISTRATION_PROVIDER, "Registrar")]
)
COCKPIT_SIGNER = RepeatableSigner(COCKPIT_KEY)
RECIPIENT_SIGNER = RepeatableSigner(OTHER_KEY)
MANDATE_TOKEN = sign_mandate(MANDATE, RECIPIENT_SIGNER)
GIVEN = verify_mandate(MANDATE_TOKEN, now=NOW)


def changed(claims, changes):
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


def mandate_with(typ=TYP, **changes):
    return sign_with_cockpit_key(typ, changed(MANDATE.to_claims(), changes), RECIPIENT_SIGNER)


def handover_with(typ=HANDOVER_TYP, signer=COCKPIT_SIGNER, **changes):
    return sign_with_cockpit_key(typ, changed({"mandate": MANDATE_TOKEN, "iat": NOW}, changes), signer)


def refused_handovers():
    return {
        "by the recipient's key": ("Malformed", handover_with(signer=RECIPIENT_SIGNER)),
        "the mandate itself": ("NotAuthentic", MANDATE_TOKEN),
        "another type": ("NotAuthentic", handover_with("rights-request+jwt")),
        "of nothing": ("Malformed", handover_with(mandate=...)),
        "of an expired mandate": ("NotValidNow", handover_with(mandate=mandate_with(iat=NOW - 10, exp=NOW))),
        "from the future": ("NotValidNow", handover_with(iat=NOW + DAY)),
        "of a mandate of another key": (
            "Malformed",
            handover_with(mandate=mandate_with(recipient_key=COCKPIT_KEY.public_key.thumbprint())),
        ),
    }


def refused_mandates():
    return {
        "another type": ("NotAuthentic", mandate_with("rights-request+jwt")),
        "longer than a year": ("Malformed", mandate_with(exp=NOW + 366 * DAY)),
        "expired": ("NotValidNow", mandate_with(iat=NOW - 10, exp=NOW)),
        "for ever": ("Malformed", mandate_with(exp=...)),
        "for no use": ("Malformed", mandate_with(max_uses=0)),
        "an index in a path": ("Malformed", mandate_with(claims=[["nationalities", 0]])),
        "signed by another key than its recipient's": (
            "Malformed",
            mandate_with(recipient_key=COCKPIT_KEY.public_key.thumbprint()),
        ),
        "no purpose": ("Malformed", mandate_with(purpose=...)),
    }


def status(each, organisation=TOWN, **changes):
    partner = PARTNERS[organisation]
    claims = changed({**each.to_claims(), "mandate": GIVEN.hash}, changes)
    return sign_as_organisation(STATUS_TYP, claims, partner.signer, partner.x5c)


def refused_statuses():
    return {
        "signed by the recipient": ("NotTrusted", status(STATUS, BANK)),
        "another mandate": ("NotForThisRequest", status(STATUS, mandate=hash_text("x"))),
        "past its count": ("Malformed", status(STATUS, used=4)),
        "an unknown state": ("Unsupported", status(STATUS, state="paused")),
    }


def encrypted(token):
    return encrypt_jwe(
        token.encode(),
        ENC_KEY.public_key,
        enc="A256GCM",
        kid="bank-1",
        ephemeral=seeded_key(6401),
        random_bytes=seeded(6402),
        extra={"cty": "JWT"},
    )


def forwarded(organisation=TOWN, typ=FORWARDED_TYP, **changes):
    partner = PARTNERS[organisation]
    claims = changed({**FORWARDED.to_claims(), "mandate": MANDATE_TOKEN}, changes)
    return encrypted(sign_as_organisation(typ, claims, partner.signer, partner.x5c))


def refused_forwarded():
    return {
        "signed by the recipient": ("NotTrusted", forwarded(BANK)),
        "another type": ("NotAuthentic", forwarded(typ="x+jwt")),
        "another nonce": ("NotForThisRequest", forwarded(nonce="another")),
        "past its count": ("RolledBack", forwarded(n=4)),
        "no further use": ("RolledBack", forwarded(n=1, data={"address": {"street": "Markt 2"}})),
        "more than the mandate": ("Malformed", forwarded(data={**FORWARDED.data, "since": "2027"})),
        "no data": ("Malformed", forwarded(data={})),
        "a mandate of another key": (
            "Malformed",
            forwarded(mandate=mandate_with(recipient_key=COCKPIT_KEY.public_key.thumbprint())),
        ),
    }


def certificate(signed_by=REGISTRAR, **changes):
    return sign_registration(
        replace(TOWN_REGISTRATION, **changes), RepeatableSigner(signed_by.signer.key), signed_by.x5c
    )


REGISTERED = replace(FORWARDED, mandate=MANDATE_TOKEN, n=2, registration=certificate())


def refused_registrations():
    """Forwarded data, good but for the certificate that its source brings."""
    bad = {
        "of another source": ("NotTrusted", certificate(identifier=BANK.identifier, country=BANK.country)),
        "not registered to issue it": ("NotTrusted", certificate(provides=())),
        "by nobody who registers": ("NotTrusted", certificate(PARTNERS[BANK])),
        "expired": ("NotValidNow", certificate(issued_at=NOW - DAY, expires_at=NOW)),
        "no text": ("Malformed", 7),
    }
    return {name: (flaw, forwarded(n=2, registration=token)) for name, (flaw, token) in bad.items()}


def listed(refused):
    return [{"name": name, "flaw": flaw, "token": token} for name, (flaw, token) in refused.items()]


def made():
    town = PARTNERS[TOWN]
    return {
        "about": "Vectors for docs/sovereignty/forwarding.md. `flaw` is the kind of error in protocol/errors.py.",
        "now": NOW,
        "partners": {each.organisation.identifier: each.to_dict() for each in PARTNERS.values()},
        "registrar": REGISTRAR.to_dict(),
        "cockpit_key": private_jwk(COCKPIT_KEY),
        "recipient_key": private_jwk(OTHER_KEY),
        "recipient_encryption_key": private_jwk(ENC_KEY),
        "mandate": {"token": MANDATE_TOKEN, "hash": GIVEN.hash, "claims": MANDATE.to_claims()},
        "refused_mandates": listed(refused_mandates()),
        "handover": sign_handover(GIVEN, COCKPIT_SIGNER, now=NOW),
        "refused_handovers": listed(refused_handovers()),
        "statuses": [
            {
                "name": name,
                "token": sign_mandate_status(replace(each, mandate=GIVEN.hash), town.signer, town.x5c),
                "claims": replace(each, mandate=GIVEN.hash).to_claims(),
            }
            for name, each in {"active": STATUS, "revoked": ENDED}.items()
        ],
        "refused_statuses": listed(refused_statuses()),
        "request": {"nonce": EXPECTED.nonce, "claims": [[*path] for path in EXPECTED.claims], "last_n": 1},
        "forwarded": {
            "token": seal_forwarded_data(
                replace(FORWARDED, mandate=MANDATE_TOKEN, n=2),
                town.signer,
                town.x5c,
                recipient=ENC_KEY.public_key,
                kid="bank-1",
                enc="A256GCM",
                ephemeral=seeded_key(6401),
                random_bytes=seeded(6402),
            ),
            "claims": replace(FORWARDED, mandate=MANDATE_TOKEN, n=2).to_claims(),
        },
        "refused_forwarded": listed(refused_forwarded()),
        "registered": {
            "token": forwarded(n=2, registration=REGISTERED.registration),
            "registration": TOWN_REGISTRATION.to_claims(),
        },
        "refused_registrations": listed(refused_registrations()),
    }


def test_the_vectors_are_current():
    check_current(FILE, made())


VECTORS = made() if WRITE or not (FOLDER / FILE).exists() else json.loads((FOLDER / FILE).read_bytes())


def flaw_of(vector):
    return getattr(protocol.errors, vector["flaw"])


def named(vectors):
    return pytest.mark.parametrize("vector", [pytest.param(each, id=each["name"]) for each in vectors])


def test_the_mandate_is_accepted():
    found = verify_mandate(VECTORS["mandate"]["token"], now=NOW)
    assert (found.says, found.hash) == (MANDATE, VECTORS["mandate"]["hash"])


@named(VECTORS["refused_mandates"])
def test_a_mandate_is_refused(vector):
    with pytest.raises(flaw_of(vector)):
        verify_mandate(vector["token"], now=NOW)


def test_a_handover_is_accepted():
    found = verify_handover(VECTORS["handover"], now=NOW)
    assert (found.mandate, found.key, found.raw) == (GIVEN, COCKPIT_KEY.public_key, VECTORS["handover"])


@named(VECTORS["refused_handovers"])
def test_a_handover_is_refused(vector):
    with pytest.raises(flaw_of(vector)):
        verify_handover(vector["token"], now=NOW)


def read_status(token):
    return verify_mandate_status(token, GIVEN, anchors=ANCHORS, now=NOW + 2 * DAY)


@named(VECTORS["statuses"])
def test_a_status_is_accepted(vector):
    assert read_status(vector["token"]).says.to_claims() == vector["claims"]


@named(VECTORS["refused_statuses"])
def test_a_status_is_refused(vector):
    with pytest.raises(flaw_of(vector)):
        read_status(vector["token"])


def receive(token):
    opened = open_forwarded_data(token, ENC_KEY, now=NOW + DAY)
    last = LastUse(VECTORS["request"]["last_n"], hash_value(FORWARDED.data))
    return verify_forwarded_data(opened, EXPECTED, TOWN_REGISTRATION, last=last, anchors=ANCHORS, now=NOW + DAY)


def test_forwarded_data_is_accepted():
    assert receive(VECTORS["forwarded"]["token"]).says.to_claims() == VECTORS["forwarded"]["claims"]


@named(VECTORS["refused_forwarded"])
def test_forwarded_data_is_refused(vector):
    with pytest.raises(flaw_of(vector)):
        receive(vector["token"])


def receive_registered(token):
    """As a recipient does: what the source is registered for is in its certificate alone."""
    opened = open_forwarded_data(token, ENC_KEY, now=NOW + DAY)
    assert opened.registration is not None
    source = verify_registration(opened.registration, anchors=REGISTERS, now=NOW + DAY).says
    found = verify_forwarded_data(opened, EXPECTED, source, last=LastUse(1, "x"), anchors=ANCHORS, now=NOW + DAY)
    return found, source


def test_a_registration_that_comes_with_the_data_says_what_its_source_may_issue():
    found, source = receive_registered(VECTORS["registered"]["token"])
    assert source.to_claims() == VECTORS["registered"]["registration"]
    assert found.says == REGISTERED


@named(VECTORS["refused_registrations"])
def test_data_whose_source_is_not_registered_for_it_are_refused(vector):
    with pytest.raises(flaw_of(vector)):
        receive_registered(vector["token"])
