import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.credential import StatusReference
from protocol.dcql.query import CredentialMeta
from protocol.encoding import encode_json
from protocol.errors import Flaw, Malformed, NotAuthentic, NotTrusted, NotValidNow, TooLarge, Unsupported
from protocol.fields import Fields
from protocol.jws import MAX_TOKEN, Jws, sign_jws
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.localized import Localized, in_language
from protocol.trust.registration import (
    CLOCK_SKEW,
    LONGEST,
    NON_Q_EAA_PROVIDER,
    POLICY,
    SERVICE_PROVIDER,
    Contact,
    Intermediary,
    RegisteredCredential,
    Registration,
    sign_registration,
    verify_registration,
)
from tests.support.pki import DAY, NOW, Template, make_pki, seeded_key
from tests.support.vectors import read_vector

PROVIDER = make_pki(Template(common_name="Registrar"), role=Role.REGISTRATION_PROVIDER)
LEAST = Registration(
    name="Library",
    identifier="VATDE-123456789",
    country="DE",
    registry_uri="https://registrar.example",
    entitlements=(SERVICE_PROVIDER,),
    privacy_policy="https://library.example/privacy",
    issued_at=NOW,
    status=StatusReference("https://registrar.example/status/1", 7),
    legal_name="Town Library",
)
FULL = replace(
    LEAST,
    services=((Localized("en", "Library cards"), Localized("de", "Leihausweise")), (Localized("en", "Loans"),)),
    purpose=(Localized("en", "To make you a card"), Localized("de", "Um Ihnen einen Ausweis auszustellen")),
    credentials=(
        RegisteredCredential(
            "dc+sd-jwt", CredentialMeta(("urn:eudi:pid:1",)), (("family_name",), ("nationalities", None))
        ),
        RegisteredCredential("mso_mdoc", CredentialMeta((), "eu.europa.ec.eudi.pid.1"), (("ns", "age_over_18"),)),
    ),
    provides=(RegisteredCredential("dc+sd-jwt", CredentialMeta(("urn:library:card:1",))),),
    intended_use="card",
    info_uri="https://library.example",
    support_uri="data@library.example",
    supervisory_authority=Contact("dpa@example.org", "+49 123", "https://dpa.example"),
    certificate_policy="https://registrar.example/policy",
    public_body=True,
    intermediary=Intermediary("VATDE-999999999", "Go-between"),
    expires_at=NOW + LONGEST,
)
CLAIMS = FULL.to_claims()
HEADER = {"typ": "rc-wrp+jwt", "iat": NOW, "x5c": list(PROVIDER.x5c)}


def signed(*, signer=PROVIDER.signer, header=(), **changes):
    """A certificate as an honest registrar makes it, but for some changes; `...` leaves a member out."""
    head = {name: value for name, value in {**HEADER, **dict(header)}.items() if value is not ...}
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    return sign_jws(head, encode_json(claims), signer)


def verify(text, *, anchors=PROVIDER.anchors, now=NOW):
    return verify_registration(text, anchors=anchors, now=now)


@pytest.mark.parametrize("registration", [LEAST, FULL])
def test_what_a_registrar_signs_is_what_is_read(registration):
    text = sign_registration(registration, PROVIDER.signer, PROVIDER.x5c)
    verified = verify(text)
    assert (verified.says, verified.provider.name) == (registration, "Registrar")
    assert Jws.from_compact(text, "x").header.members == {"alg": "ES256", **HEADER}


def test_the_least_says_no_more_than_is_there():
    assert set(LEAST.to_claims()) == {
        "name", "sub", "sub_ln", "country", "registry_uri", "entitlements", "privacy_policy", "policy_id", "iat", "status",
    }  # fmt: skip


def test_the_example_of_the_specification_is_read():
    published = read_vector("wrprc/etsi-ts-119-475-v1.2.1-annex-c.json")["payload"]
    found = Registration.from_fields(Fields(published, "certificate"))
    assert (found.name, found.legal_name, found.country) == ("Example Company", "Example Company GmbH", "DE")
    assert found.identifier == "LEIXG-529900T8BM49AURSDO55"
    assert found.entitlements == (NON_Q_EAA_PROVIDER,)
    assert in_language(found.purpose, "de") == "Benötigt für die Überprüfung des Mindestalters"
    assert [[text.language for text in service] for service in found.services] == [["en-US", "de-DE"]]
    assert found.credentials[0].claims == (("age_equal_or_over", "18"),)
    assert found.credentials[1].meta.doctype_value == "eu.europa.ec.eudi.pid.1"
    assert found.provides[0].meta.vct_values == ("https://example.com/attestations/age_over_18",)
    assert found.intermediary == Intermediary("LEIXG-INTERMEDIARY-1234567890", "Intermediary Services Ltd.")
    assert found.supervisory_authority == Contact(
        "supervisory@dpa.com", "+49 123 4567890", "https://dpa.com/supervisory-authority"
    )
    # Table 10 calls the intermediary's name sname, the example name; GEN-5.2.4-09 wants act.sub too
    written = found.to_claims()
    assert written.pop("act") == {"sub": "LEIXG-INTERMEDIARY-1234567890"}
    assert written.pop("intermediary") == {
        "sub": "LEIXG-INTERMEDIARY-1234567890",
        "sname": "Intermediary Services Ltd.",
    }
    assert written == {name: value for name, value in published.items() if name != "intermediary"}


@pytest.mark.parametrize(
    "file",
    [
        "relying_party_registration_certificate-05.json",
        "relying_party_registration_certificate-07.json",
        "eaa_provider_registration_certificate-09.json",
    ],
)
def test_the_pilots_examples_are_read(file):
    published = read_vector(f"wrprc/webuild-md/{file}")
    found = Registration.from_fields(Fields(published, "certificate"))
    assert found.identifier == published["sub"]
    assert found.policy_ids == (POLICY,)


def test_older_versions_are_not_guessed_at():
    """V1.1.1 had other members; `sub` was an object."""
    published = read_vector("wrprc/response200-v1.1.1-payload-example.json")
    with pytest.raises(Malformed):
        Registration.from_fields(Fields(published, "certificate"))


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        *[
            pytest.param(signed(**{name: ...}), Malformed, id=f"no {name}")
            for name in ("name", "sub", "country", "registry_uri", "entitlements", "privacy_policy", "iat", "status")
        ],
        pytest.param(signed(sub_ln=...), Malformed, id="no person"),
        pytest.param(signed(sub_ln=..., sub_gn="Erika"), Malformed, id="half a natural person"),
        pytest.param(signed(sub_ln=..., sub_fn="Mustermann"), Malformed, id="the other half"),
        pytest.param(signed(entitlements=[]), Malformed, id="no entitlement"),
        pytest.param(signed(registry_uri="http://registrar.example"), Malformed, id="register without TLS"),
        pytest.param(signed(privacy_policy="javascript:alert(1)"), Malformed, id="T170 policy that is no page"),
        pytest.param(signed(info_uri="data:text/html,x"), Malformed, id="information that is no page"),
        pytest.param(signed(certificate_policy="x"), Malformed, id="certificate policy that is no page"),
        pytest.param(signed(status={}), Unsupported, id="status of another kind"),
        pytest.param(signed(exp=NOW), NotValidNow, id="T170 expired"),
        pytest.param(signed(exp=NOW + LONGEST + 1), NotValidNow, id="T170 good for longer than twelve months"),
        pytest.param(signed(exp=None), Malformed, id="T017 end that is null"),
        pytest.param(signed(iat=NOW + CLOCK_SKEW + 1), NotValidNow, id="from the future"),
        pytest.param(signed(exp=..., iat=NOW - LONGEST), NotValidNow, id="T170 a year old, without end"),
        pytest.param(signed(purpose=[]), Malformed, id="empty purpose"),
        pytest.param(signed(purpose=[{"lang": "en"}]), Malformed, id="purpose without text"),
        pytest.param(signed(srv_description=[["x"]]), Malformed, id="service that is a text"),
        pytest.param(signed(srv_description=[[]]), Malformed, id="service without text"),
        pytest.param(signed(credentials=[{"meta": {}}]), Malformed, id="credential without format"),
        pytest.param(signed(credentials=[{"format": "dc+sd-jwt"}]), Malformed, id="credential without type"),
        pytest.param(
            signed(credentials=[{"format": "dc+sd-jwt", "meta": {}, "claim": [{"path": "x"}]}]),
            Malformed,
            id="odd path",
        ),
        pytest.param(signed(act={"sub": "VATDE-111111111"}), Malformed, id="T170 another actor than intermediary"),
        pytest.param(signed(intermediary={}), Malformed, id="nameless intermediary"),
        pytest.param(signed(public_body="yes"), Malformed, id="public body that is a text"),
        pytest.param(signed(supervisory_authority=[]), Malformed, id="authority that is no object"),
        pytest.param(signed(header={"typ": "JWT"}), NotAuthentic, id="T007 another type"),
        pytest.param(signed(header={"x5c": ...}), NotTrusted, id="no certificate"),
        pytest.param(signed(signer=seeded_key(9)), NotAuthentic, id="signed by another key"),
        pytest.param(signed(header={"x5c": list(make_pki().x5c)}), NotTrusted, id="unknown registrar"),
    ],
)
def test_a_certificate_that_does_not_hold_is_refused(text, flaw):
    with pytest.raises(flaw):
        verify(text)


def test_times_at_their_limits():
    assert verify(signed(iat=NOW + CLOCK_SKEW)).says.issued_at == NOW + CLOCK_SKEW
    assert verify(signed(exp=NOW + 1)).says.expires_at == NOW + 1
    assert verify(signed(exp=..., iat=NOW - LONGEST + 1)).says.expires_at is None
    assert LONGEST == 366 * DAY


def test_who_vouches_for_verifiers_does_not_register_them():  # T089
    access = make_pki(role=Role.VERIFIER)
    text = sign_registration(LEAST, access.signer, access.x5c)
    for anchors in (access.anchors, TrustAnchors()):
        with pytest.raises(NotTrusted):
            verify(text, anchors=anchors)


def test_a_natural_person_has_two_names():
    person = replace(LEAST, legal_name=None, given_name="Erika", family_name="Mustermann")
    assert verify(sign_registration(person, PROVIDER.signer, PROVIDER.x5c)).says == person


def test_an_actor_alone_is_the_intermediary():
    """GEN-5.2.4-09."""
    found = verify(signed(intermediary=..., act={"sub": "VATDE-999999999"})).says
    assert found.intermediary == Intermediary("VATDE-999999999")
    assert "sname" not in found.to_claims()["intermediary"]


def test_a_service_may_come_without_its_list():
    texts = [{"lang": "en", "value": "Loans"}, {"lang": "de", "value": "Ausleihe"}]
    assert verify(signed(srv_description=texts)).says.services == (
        (Localized("en", "Loans"), Localized("de", "Ausleihe")),
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200)
@given(st.sampled_from(sorted(CLAIMS)), json_values)
def test_whatever_a_claim_is_no_input_leaves_the_family(name, value):
    with contextlib.suppress(Flaw):
        Registration.from_fields(Fields({**CLAIMS, name: value}, "certificate"))


def test_what_is_too_large_is_not_even_decoded():  # T018
    with pytest.raises(TooLarge):
        verify("*" * (MAX_TOKEN * 4 // 3 + 5))


def test_who_names_no_policy_writes_none():
    """An empty list would be refused by whoever reads it."""
    assert "policy_id" not in replace(LEAST, policy_ids=()).to_claims()
