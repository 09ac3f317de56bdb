import pytest

from protocol.credential import StatusReference
from protocol.encoding import encode_json
from protocol.errors import Flaw, Malformed, NotAuthentic, NotTrusted, NotValidNow, TooLarge
from protocol.fields import Fields
from protocol.jws import Jws, sign_jws
from protocol.keys import Ed25519Key
from protocol.oid4vci.key_attestation import (
    LEVELS,
    MAX_AHEAD,
    MAX_KEYS,
    MAX_LEVELS,
    MAX_NONCE,
    KeyAttestation,
    KeyRequirements,
    sign_key_attestation,
    verify_key_attestation,
)
from protocol.status.reference import MaintainedStatus
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.pki import NOW, Template, make_pki, seeded_key

PROVIDER = make_pki(Template(common_name="Wallet provider"), role=Role.WALLET_PROVIDER)
KEYS = tuple(seeded_key(seed).public_key for seed in (2, 3, 4))
HIGH, MODERATE, ENHANCED, BASIC = LEVELS
ATTESTATION = KeyAttestation(
    keys=KEYS,
    issued_at=NOW,
    expires_at=NOW + 3600,
    nonce="n0nce",
    key_storage=(MODERATE,),
    user_authentication=(HIGH, MODERATE),
    certification="https://certification.example/wscd",
    key_storage_status=MaintainedStatus(StatusReference("https://provider.example/status/3", 7), NOW + 31 * 86_400),
)
CLAIMS = ATTESTATION.to_claims()
HEADER = {"typ": "key-attestation+jwt", "x5c": list(PROVIDER.x5c)}
JWKS = [key.to_jwk() for key in KEYS]


def without(members):
    """What is not `...`."""
    return {name: value for name, value in members.items() if value is not ...}


def attested(*, signer=PROVIDER.signer, header=(), **changes):
    """An attestation as an honest provider makes it, but for some changes; `...` leaves a member out."""
    return sign_jws(without({**HEADER, **dict(header)}), encode_json(without({**CLAIMS, **changes})), signer)


def verify(text, *, anchors=PROVIDER.anchors, now=NOW, legacy=False):
    return verify_key_attestation(text, anchors=anchors, now=now, legacy=legacy)


def test_what_a_provider_signs_is_what_is_read():
    verified = verify(sign_key_attestation(ATTESTATION, PROVIDER.signer, PROVIDER.x5c))
    assert verified.says == ATTESTATION
    assert verified.provider.name == "Wallet provider"


def test_an_attestation_may_say_the_least():
    least = KeyAttestation(KEYS[:1], NOW)
    assert verify(sign_key_attestation(least, PROVIDER.signer, PROVIDER.x5c)).says == least
    assert set(least.to_claims()) == {"iat", "attested_keys"}


def test_the_example_of_ts3_is_read():
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc",
        "y": "ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ",
    }
    example = {
        "iat": 1516247022,
        "attested_keys": [jwk],
        "exp": 1541493724,
        "key_storage": ["iso_18045_high"],
        "user_authentication": ["iso_18045_high", "iso_18045_moderate"],
        "certification": "https://example.org/certification/wscd/GlobalPlatform/",
        "key_storage_status": {
            "status": {"status_list": {"idx": 7, "uri": "https://revocation_url/wua-type-statuslists/3"}},
            "exp": 1544172124,
        },
    }
    says = KeyAttestation.from_fields(Fields(example, "attestation"))
    assert says.keys[0].to_jwk() == jwk
    assert says.key_storage_status.reference == StatusReference("https://revocation_url/wua-type-statuslists/3", 7)
    assert says.to_claims() == example


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param(attested(attested_keys=...), Malformed, id="T138 no keys"),
        pytest.param(attested(attested_keys=[]), Malformed, id="T138 empty keys"),
        pytest.param(attested(attested_keys=JWKS[0]), Malformed, id="T138 keys that are no array"),
        pytest.param(attested(attested_keys=[JWKS[0], JWKS[0]]), Malformed, id="T138 a key twice"),
        pytest.param(attested(attested_keys=[{**JWKS[0], "d": "AA"}]), Malformed, id="T009 private key"),
        pytest.param(attested(attested_keys=[{**JWKS[0], "y": JWKS[0]["x"]}]), Malformed, id="T010 off the curve"),
        pytest.param(attested(attested_keys=[{"kty": "oct", "k": "AA"}]), Flaw, id="T002 symmetric key"),
        pytest.param(attested(attested_keys=[JWKS[0]] * 10_000), Flaw, id="T138 ten thousand keys"),
        pytest.param(attested(iat=...), Malformed, id="T138 no time"),
        pytest.param(attested(iat=NOW + MAX_AHEAD + 1), NotValidNow, id="T138 from the future"),
        pytest.param(attested(exp=NOW), NotValidNow, id="T138 expired"),
        pytest.param(attested(exp=None), Malformed, id="T017 end that is null"),
        pytest.param(attested(nonce=7), Malformed, id="T138 nonce that is a number"),
        pytest.param(attested(nonce="n" * (MAX_NONCE + 1)), Malformed, id="T138 endless nonce"),
        pytest.param(attested(key_storage=[]), Malformed, id="no level"),
        pytest.param(attested(key_storage="iso_18045_high"), Malformed, id="a level that is no array"),
        pytest.param(attested(key_storage=[HIGH] * (MAX_LEVELS + 1)), Malformed, id="endless levels"),
        pytest.param(attested(user_authentication=[7]), Malformed, id="a level that is a number"),
        pytest.param(attested(certification={}), Malformed, id="certification that is no text"),
        pytest.param(attested(key_storage_status={"exp": NOW}), Malformed, id="status without a list"),
        pytest.param(attested(header={"typ": ...}), NotAuthentic, id="T007 no type"),
        pytest.param(attested(header={"typ": "oauth-client-attestation+jwt"}), NotAuthentic, id="T007 of a client"),
        pytest.param(attested(header={"typ": "keyattestation+jwt"}), NotAuthentic, id="older draft"),
        pytest.param(attested(header={"x5c": ...}), NotTrusted, id="T138 no certificate"),
        pytest.param(attested(header={"x5c": ..., "kid": "1"}), NotTrusted, id="T138 key by name alone"),
        pytest.param(
            attested(header={"x5c": [*PROVIDER.x5c, PROVIDER.root.certificate.to_x5c()]}),
            NotTrusted,
            id="with the anchor",
        ),
        pytest.param(attested(header={"x5c": list(make_pki().x5c)}), NotTrusted, id="T138 unknown wallet provider"),
        pytest.param(attested(signer=seeded_key(2)), NotAuthentic, id="T138 signed by another key"),
        pytest.param(attested(signer=Ed25519Key.from_seed(bytes(32))), NotAuthentic, id="T138 other algorithm"),
        pytest.param(attested(header={"alg": "none"}), Flaw, id="T001 none"),
        pytest.param("", Flaw, id="empty"),
    ],
)
def test_an_attestation_that_does_not_hold_is_refused(text, flaw):
    with pytest.raises(flaw):
        verify(text)


def test_only_so_many_keys_are_read():  # T138
    jwks = [seeded_key(seed).public_key.to_jwk() for seed in range(100, 101 + MAX_KEYS)]
    assert len(verify(attested(attested_keys=jwks[:MAX_KEYS])).says.keys) == MAX_KEYS
    with pytest.raises(TooLarge):
        verify(attested(attested_keys=jwks))


def test_an_attestation_holds_until_its_end():
    assert verify(attested(), now=NOW + 3599).says.expires_at == NOW + 3600
    assert verify(attested(exp=...)).says.expires_at is None
    assert verify(attested(iat=NOW + MAX_AHEAD)).says.issued_at == NOW + MAX_AHEAD


def test_limits_are_what_they_are():
    assert (MAX_KEYS, MAX_LEVELS, MAX_NONCE, MAX_AHEAD) == (100, 16, 1024, 60)
    assert verify(attested(nonce="n" * MAX_NONCE)).says.nonce == "n" * MAX_NONCE
    assert len(verify(attested(key_storage=[HIGH] * MAX_LEVELS)).says.key_storage) == MAX_LEVELS


def test_an_issuers_authority_is_none_for_wallets():  # T089
    issuers = make_pki(role=Role.ISSUER)
    text = sign_key_attestation(ATTESTATION, issuers.signer, issuers.x5c)
    for anchors in (issuers.anchors, TrustAnchors()):
        with pytest.raises(NotTrusted):
            verify(text, anchors=anchors)


def test_the_type_of_older_drafts_is_taken_where_that_is_wanted():
    old = attested(header={"typ": "keyattestation+jwt"})
    assert verify(old, legacy=True).says == ATTESTATION
    assert verify(attested(), legacy=True).says == ATTESTATION


def test_our_attestations_say_who_signed_them():
    header = Jws.from_compact(sign_key_attestation(ATTESTATION, PROVIDER.signer, PROVIDER.x5c), "x").header
    assert header.members == {"alg": "ES256", **HEADER}


def levels(storage=(), authentication=()):
    """An attestation that says so much of its keys."""
    return KeyAttestation(KEYS[:1], NOW, key_storage=tuple(storage), user_authentication=tuple(authentication))


@pytest.mark.parametrize(
    ("required", "found"),
    [
        pytest.param(KeyRequirements(), levels(), id="nothing is asked"),
        pytest.param(KeyRequirements((MODERATE,)), levels([MODERATE]), id="exactly what is asked"),
        pytest.param(KeyRequirements((MODERATE,)), levels([HIGH]), id="more than is asked"),
        pytest.param(KeyRequirements((HIGH,)), levels([HIGH, BASIC]), id="several, and one is enough"),
        pytest.param(KeyRequirements((BASIC, "urn:own")), levels(["urn:own"]), id="a level of one's own"),
        pytest.param(KeyRequirements((), (ENHANCED,)), levels([], [MODERATE]), id="authentication alone"),
    ],
)
def test_levels_that_are_enough(required, found):
    required.check(found)


@pytest.mark.parametrize(
    ("required", "found"),
    [
        pytest.param(KeyRequirements((MODERATE,)), levels([ENHANCED]), id="T138 less than is asked"),
        pytest.param(KeyRequirements((HIGH,)), levels(), id="T138 nothing is said"),
        pytest.param(KeyRequirements((BASIC,)), levels(["urn:own"]), id="T138 a level that nobody knows"),
        pytest.param(KeyRequirements(("urn:own",)), levels([HIGH]), id="T138 another than the own level"),
        pytest.param(KeyRequirements((MODERATE,), (MODERATE,)), levels([MODERATE]), id="T138 authentication missing"),
        pytest.param(KeyRequirements((MODERATE,), (MODERATE,)), levels([], [MODERATE]), id="T138 storage missing"),
        pytest.param(KeyRequirements((), (HIGH,)), levels([HIGH], [MODERATE]), id="T138 authentication too weak"),
    ],
)
def test_levels_that_are_not_enough(required, found):
    with pytest.raises(NotTrusted, match="not what this issuer asks for"):
        required.check(found)


def test_requirements_travel_in_metadata():
    required = KeyRequirements((HIGH,), (HIGH, MODERATE), 31 * 86_400)
    wire = {
        "key_storage": [HIGH],
        "user_authentication": [HIGH, MODERATE],
        "preferred_key_storage_status_period": 31 * 86_400,
    }
    assert required.to_dict() == wire
    assert KeyRequirements.from_fields(Fields(wire, "required")) == required
    assert KeyRequirements().to_dict() == {}
    assert KeyRequirements.from_fields(Fields({}, "required")) == KeyRequirements()
