"""Published SD-JWTs verify, and come out as their authors and the reference implementation say.

Vectors. `sd-jwt/rfc9901` and `sd-jwt-vc/sd-jwt-vc`: every compact token, every disclosure that is printed, every payload that
is printed for one of them. Of the optional JSON serialisation (RFC 9901 §8), which we do not read, the parts are joined to a
compact token. `spec-examples-yml` and `testcases-sd-jwt-python`: all inputs, issued by the reference implementation;
`header_mod.yml` is refused, because its `kid` is a number (RFC 7515 §4.1.4). `settings.yml` holds keys and no example.
"""

import json
from pathlib import Path

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.utils.yaml_specification import load_yaml_specification, remove_sdobj_wrappers
from sd_jwt.verifier import SDJWTVerifier

from protocol.errors import Malformed, NotForThisRequest
from protocol.holder_binding import ExpectedBinding
from protocol.keys import P256Key, PublicKey
from protocol.sdjwt.disclosure import Disclosure, digest_of
from protocol.sdjwt.key_binding import verify_key_binding
from protocol.sdjwt.present import present_sd_jwt
from protocol.sdjwt.token import SdJwt
from protocol.sdjwt.verify import verify_sd_jwt
from tests.support.vectors import read_vector, vector_files

TOKENS = [
    *vector_files("sd-jwt/rfc9901/[0-9a]*-0[0-9].json"),
    *vector_files("sd-jwt-vc/sd-jwt-vc/[0-9a]*-0[0-9].json"),
]
EXAMPLES = [*vector_files("sd-jwt/*/*.yml"), *vector_files("sd-jwt-vc/spec-examples-yml/*.yml")]
EXAMPLES = [example for example in EXAMPLES if "settings.yml" not in example.id]


def keys():
    return read_vector("sd-jwt/rfc9901/keys.json")


def issuer():
    return P256Key.from_jwk(keys()["issuer"])


def holder():
    return P256Key.from_jwk(keys()["holder"])


def verified(text):
    token = SdJwt.from_text(text)
    return verify_sd_jwt(token, issuer().public_key, typ=token.jws.header.typ or "")


def by_reference(text):
    """The payload as the reference implementation gives it, key binding left aside."""
    without = text[: text.rindex("~") + 1]
    return SDJWTVerifier(without, lambda *_: JWK(**keys()["issuer"])).get_verified_payload()


# Tokens


@pytest.mark.parametrize("file", TOKENS)
def test_a_published_token_verifies_and_comes_out_as_meant(file):
    vector = json.loads(file.read_bytes())
    # §5.1 prints the issuer's token alone first
    text = vector["compact"] if "~" in vector["compact"] else vector["compact"] + "~"
    token = SdJwt.from_text(text)
    assert dict(token.jws.header.members) == vector["issuer_jwt_header"]
    assert token.jws.peek_claims("payload").members == vector["issuer_jwt_payload"]
    found = verified(text)
    assert found.claims == by_reference(text)
    assert len(found.disclosed) == len(token.disclosures) == len(vector.get("disclosures", []))


@pytest.mark.parametrize("file", [file for file in TOKENS if "presentation" in file.id or "-02" in file.id])
def test_a_published_key_binding_holds_for_its_request_and_no_other(file):
    vector = json.loads(file.read_bytes())
    token = SdJwt.from_text(vector["compact"])
    if "kb_jwt" not in vector:
        assert token.kb_jwt is None
        return
    claims = vector["kb_jwt_payload"]
    holder_key = PublicKey.from_jwk(verified(vector["compact"]).claims["cnf"]["jwk"])
    assert holder_key == holder().public_key
    good = {"audience": claims["aud"], "nonce": claims["nonce"], "now": claims["iat"]}
    verify_key_binding(token, holder_key, ExpectedBinding(**good))
    for change in ({"audience": claims["aud"] + "/"}, {"nonce": "1"}, {"now": claims["iat"] + 301}):
        with pytest.raises(NotForThisRequest):
            verify_key_binding(token, holder_key, ExpectedBinding(**{**good, **change}))


@pytest.mark.parametrize(
    ("token", "payload"),
    [
        (
            "sd-jwt/rfc9901/a-3-sd-jwt-based-verifiable-credentials-sd-jwt-vc-02",
            "sd-jwt/rfc9901/json-payload-a-3-sd-jwt-based-verifiable-credentials-sd-jwt-vc-03",
        ),
        ("sd-jwt-vc/sd-jwt-vc/2-3-2-presentation-01", "sd-jwt-vc/sd-jwt-vc/json-payload-2-3-2-presentation-01"),
        ("sd-jwt-vc/sd-jwt-vc/2-3-2-presentation-02", "sd-jwt-vc/sd-jwt-vc/json-payload-2-3-2-presentation-02"),
        (
            "sd-jwt-vc/sd-jwt-vc/a-1-example-person-identification-data-pid-credential-02",
            "sd-jwt-vc/sd-jwt-vc/json-payload-a-1-example-person-identification-data-pid-credential-03",
        ),
    ],
    ids=["RFC 9901 A.3", "SD-JWT VC 2.3.2", "SD-JWT VC 2.3.2 unbound", "SD-JWT VC A.1"],
)
def test_a_presentation_comes_out_as_printed(token, payload):
    assert verified(read_vector(f"{token}.json")["compact"]).claims == read_vector(f"{payload}.json")


@pytest.mark.parametrize("file", ["sd-jwt/rfc9901", "sd-jwt-vc/sd-jwt-vc"])
def test_printed_disclosures_are_read_and_have_the_printed_digest(file):
    sections = read_vector(f"{file}/disclosures-by-section.json")
    printed = [disclosure for section in sections.values() for disclosure in section]
    assert len(printed) > 20
    for vector in printed:
        disclosure = Disclosure.from_text(vector["disclosure"])
        assert digest_of(vector["disclosure"]) == vector["sha256_b64url"]
        _, *named = vector["contents"]
        assert named == ([disclosure.value] if disclosure.name is None else [disclosure.name, disclosure.value])


@pytest.mark.parametrize("file", vector_files("sd-jwt/rfc9901/json-jws-json-*.json"))
def test_the_parts_of_a_json_serialisation_hold_as_a_compact_token(file):
    vector = json.loads(file.read_bytes())
    # §8.3 prints a second signature, by a key that is not published
    first = vector.get("signatures", [vector])[0]
    header = first["header"]
    jwt = f"{first['protected']}.{vector['payload']}.{first['signature']}"
    text = "~".join((jwt, *header["disclosures"], header.get("kb_jwt", "")))
    assert verified(text).claims == by_reference(text)
    with pytest.raises(Malformed):
        SdJwt.from_text(file.read_text())


# Examples for an issuer


def example_of(file: Path):
    example = load_yaml_specification(file)
    issued = SDJWTIssuer(
        example["user_claims"],
        JWK(**keys()["issuer"]),
        JWK(**keys()["holder"]) if example.get("key_binding") else None,
        add_decoy_claims=example.get("add_decoy_claims", False),
        extra_header_parameters={"typ": "example+sd-jwt", **example.get("extra_header_parameters", {})},
    )
    return example, issued.sd_jwt_issuance


def users(claims):
    """The claims of the example's user, without the holder's key that the issuer added."""
    return {name: value for name, value in claims.items() if name != "cnf"}


def chosen_paths(chosen, path=()):
    """What a holder wants to disclose, as concrete paths."""
    if chosen is True:
        return [path]
    items = chosen.items() if isinstance(chosen, dict) else enumerate(chosen) if isinstance(chosen, list) else ()
    return [found for step, inner in items for found in chosen_paths(inner, (*path, step))]


@pytest.mark.parametrize("file", EXAMPLES)
def test_an_example_comes_out_as_issued_and_as_chosen(file):
    example, issued = example_of(file)
    if "header_mod" in file.name:
        with pytest.raises(Malformed, match="kid"):
            SdJwt.from_text(issued)
        return
    assert users(verified(issued).claims) == users(remove_sdobj_wrappers(example["user_claims"]))

    theirs = SDJWTHolder(issued)
    theirs.create_presentation(example["holder_disclosed_claims"])
    presented = users(verified(theirs.sd_jwt_presentation).claims)
    assert presented == example.get("expect_verified_user_claims", users(by_reference(theirs.sd_jwt_presentation)))


@pytest.mark.parametrize("file", [f for f in EXAMPLES if "testcases" in f.id and "header_mod" not in f.id])
def test_our_holder_discloses_what_was_chosen(file):
    example, issued = example_of(file)
    paths = chosen_paths(example["holder_disclosed_claims"])
    ours = users(verified(present_sd_jwt(SdJwt.from_text(issued), paths, binding=None)).claims)
    assert ours == example["expect_verified_user_claims"]
