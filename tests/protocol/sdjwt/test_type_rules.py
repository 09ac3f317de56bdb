"""A credential keeps the rules of its type, or it is refused; what may only be hidden breaks none."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import Malformed, ProtocolError, TooLarge
from protocol.sdjwt.issue import Frame
from protocol.sdjwt.issuer_key import IssuerKey
from protocol.sdjwt.present import present_sd_jwt
from protocol.sdjwt.type_metadata import TypeDocument, TypeMetadata
from protocol.sdjwt.type_rules import check_issued_claims, check_presented_claims
from protocol.sdjwt.verify import verify_sd_jwt_vc
from tests.protocol.sdjwt.samples import PKI, VCT, digests, hidden, issued, read, signed
from tests.support.pki import NOW
from tests.support.strategies import json_values
from tests.support.vectors import vectors

ISSUER = IssuerKey(PKI.public_key, PKI.anchors.chain(PKI.certificates, role=PKI.role, now=NOW, at="credential"))
BASICS = {"vct": VCT}
CLAIMS = {
    **BASICS,
    "name": "Erika",
    "address": {"city": "Köln", "street": "Heidestraße"},
    "degrees": [{"type": "BSc"}, {"type": "MSc"}],
    "nationalities": ["DE", "FR"],
}
FRAME = Frame.of(
    [("name",), ("address", "city"), ("degrees", None), ("degrees", None, "type"), ("nationalities", None)]
)


def rules(*claims):
    return TypeMetadata.of([TypeDocument.from_dict({"vct": VCT, "claims": list(claims)})])


def verified(text):
    return verify_sd_jwt_vc(read(text), ISSUER, now=NOW)


def credential(**changes):
    return issued(CLAIMS, FRAME, **changes)


def shown(*paths, text=None):
    """A presentation, as a verifier verified it."""
    return verified(present_sd_jwt(read(text or credential()), paths, binding=None))


def refused(check, claim, found):
    with pytest.raises(Malformed) as refusal:
        check(rules(claim), found)
    return refusal.value.at


BOTH = pytest.mark.parametrize("check", [check_issued_claims, check_presented_claims])


# Disclosable


@BOTH
@pytest.mark.parametrize(
    ("path", "disclosable"),
    [
        (["name"], True),
        (["address"], False),
        (["address", "city"], True),
        (["address", "street"], False),
        (["degrees"], False),
        (["degrees", None], True),
        (["degrees", 0], True),
        (["degrees", None, "type"], True),
        (["degrees", 1, "type"], True),
        (["nationalities", 1], True),
        (["vct"], False),
    ],
)
def test_what_must_be_disclosable_is_and_what_must_not_is_not(check, path, disclosable):
    good, bad = ("always", "never") if disclosable else ("never", "always")
    found = verified(credential())
    check(rules({"path": path, "sd": good}, {"path": ["nationalities"], "sd": "allowed"}), found)
    check(rules({"path": path}), found)
    at = "credential" + "".join(f".{s}" if isinstance(s, str) else "[]" if s is None else f"[{s}]" for s in path)
    assert refused(check, {"path": path, "sd": bad}, found) == at


@BOTH
def test_what_stands_inside_a_disclosure_is_not_disclosable_for_that(check):
    text = issued(CLAIMS, Frame.of([("address",)]))
    check(rules({"path": ["address"], "sd": "always"}, {"path": ["address", "city"], "sd": "never"}), verified(text))
    assert refused(check, {"path": ["address", "city"], "sd": "always"}, verified(text)) == "credential.address.city"


@BOTH
def test_a_rule_for_all_elements_is_broken_by_one(check):
    text = hidden(None, "FR")
    one = verified(signed({**BASICS, "nationalities": ["DE", {"...": digests(text)[0]}]}, text))
    refused(check, {"path": ["nationalities", None], "sd": "always"}, one)
    refused(check, {"path": ["nationalities", None], "sd": "never"}, one)
    check(rules({"path": ["nationalities", 0], "sd": "never"}, {"path": ["nationalities", 1], "sd": "always"}), one)


def test_elements_that_were_not_disclosed_keep_their_places():  # SD-JWT VC §5.6
    text = hidden(None, "FR")
    found = verified(signed({**BASICS, "nationalities": [{"...": "a" * 43}, "DE", {"...": digests(text)[0]}]}, text))
    check_presented_claims(
        rules({"path": ["nationalities", 1], "sd": "never"}, {"path": ["nationalities", 2], "sd": "always"}), found
    )
    refused(check_presented_claims, {"path": ["nationalities", 0], "sd": "never"}, found)
    refused(check_presented_claims, {"path": ["nationalities", 1], "sd": "always"}, found)


# Mandatory


@BOTH
@pytest.mark.parametrize(
    "path",
    [
        ["name"],
        ["address", "city"],
        ["degrees", None],
        ["degrees", None, "type"],
        ["degrees", 1],
        ["nationalities", None],
        ["vct"],
    ],
)
def test_what_is_mandatory_and_there_is_enough(check, path):
    check(rules({"path": path, "mandatory": True}), verified(credential()))


@BOTH
@pytest.mark.parametrize(
    "path", [["email"], ["address", "state"], ["degrees", 2], ["degrees", None, "date"], ["nationalities", 2]]
)
def test_what_is_mandatory_and_certainly_missing_is_refused(check, path):
    found = verified(credential())
    check(rules({"path": path, "mandatory": False}), found)
    refused(check, {"path": path, "mandatory": True}, found)


@pytest.mark.parametrize(
    "path",
    [["name"], ["email"], ["address", "city"], ["degrees", None], ["degrees", 0, "type"], ["degrees", 0, "date"]],
)
def test_what_may_only_not_be_disclosed_is_not_missing(path):  # SD-JWT VC §5.6
    check_presented_claims(rules({"path": path, "mandatory": True}), shown(("vct",)))


def test_one_hidden_place_is_enough_to_leave_it_open_whether_a_claim_is_there():
    found = verified(signed({**BASICS, "a": [{"...": "a" * 43}, {"c": 1}]}))
    check_presented_claims(rules({"path": ["a", None, "b"], "mandatory": True}), found)


def test_what_cannot_be_hidden_is_missing_even_from_a_presentation():
    found = shown(("vct",))
    for path in (["degrees", 2], ["nationalities", 9]):
        assert refused(check_presented_claims, {"path": path, "mandatory": True}, found).startswith("credential.")
    plain = verified(signed({**BASICS, "a": {}}))
    assert refused(check_presented_claims, {"path": ["name"], "mandatory": True}, plain) == "credential.name"
    assert refused(check_presented_claims, {"path": ["a", "b"], "mandatory": True}, plain) == "credential.a.b"


def test_for_a_wallet_what_has_no_disclosure_is_a_decoy():
    text = issued(CLAIMS, FRAME, decoys=3)
    refused(check_issued_claims, {"path": ["email"], "mandatory": True}, verified(text))
    check_presented_claims(rules({"path": ["email"], "mandatory": True}), verified(text))
    decoy = verified(signed({**BASICS, "a": [{"...": "a" * 43}]}))
    refused(check_issued_claims, {"path": ["a", None], "mandatory": True}, decoy)
    check_presented_claims(rules({"path": ["a", None], "mandatory": True}), decoy)


# Paths


@BOTH
@pytest.mark.parametrize(
    "path",
    [
        ["name", "first"],
        ["name", None],
        ["name", 0],
        ["address", None],
        ["address", 0],
        ["degrees", "type"],
        ["degrees", None, None],
        ["nationalities", None, "code"],
    ],
)
def test_a_claim_of_another_shape_than_its_type_says_is_refused(check, path):
    refused(check, {"path": path}, verified(credential()))


@BOTH
def test_a_path_past_what_is_not_there_selects_nothing(check):
    check(rules({"path": ["email", "domain", None], "sd": "always"}), verified(credential()))


def test_the_inside_of_a_hidden_element_breaks_no_rule():
    check_presented_claims(rules({"path": ["degrees", None, "type"], "sd": "never"}), shown(("vct",)))


def test_the_machinery_is_no_claim():
    refused(check_issued_claims, {"path": ["_sd"], "mandatory": True}, verified(credential()))
    refused(check_issued_claims, {"path": ["_sd_alg"], "mandatory": True}, verified(credential()))


@BOTH
def test_rules_of_another_type_are_a_mistake_of_the_caller(check):
    with pytest.raises(ValueError, match="another type"):
        check(TypeMetadata("urn:example:1", (), (), ()), verified(credential()))


@pytest.mark.parametrize(
    ("claims", "value"),
    [
        ([{"path": ["a", None, None, None]}], [[[0]] * 17_000]),
        ([{"path": ["a", None, i]} for i in range(250)], [[0] * 300] * 120),
    ],
)
def test_rules_that_take_too_many_steps_are_given_up(claims, value):
    found = verified(signed({**BASICS, "a": value}))
    check_issued_claims(rules(claims[0] | {"path": ["a", None]}), found)
    with pytest.raises(TooLarge):
        check_issued_claims(rules(*claims), found)


def test_the_example_of_paths_in_the_draft_comes_out_as_printed():
    payload = json.loads(vectors("sd-jwt-vc/sd-jwt-vc/json-payload-5-6-1-1-example-01.json").read_bytes())
    found = verified(signed(payload))
    metadata = TypeMetadata.of(
        [
            TypeDocument.from_dict(
                {
                    "vct": payload["vct"],
                    "claims": [
                        {"path": path, "mandatory": True, "sd": "never"}
                        for path in (["name"], ["address"], ["address", "street_address"], ["degrees", None, "type"])
                    ],
                }
            )
        ]
    )
    check_issued_claims(metadata, found)


def test_the_example_of_type_metadata_in_the_draft_holds_for_its_own_credential():
    folder = "sd-jwt-vc/sd-jwt-vc"
    payload = json.loads(vectors(f"{folder}/json-payload-a-2-example-type-metadata-01.json").read_bytes())
    document = TypeDocument.from_dict(
        json.loads(vectors(f"{folder}/json-type-metadata-a-2-example-type-metadata-02.json").read_bytes())
    )
    metadata = TypeMetadata.of([document])
    frame = Frame.of([claim.path for claim in metadata.claims if claim.sd == "always"])
    check_issued_claims(metadata, verified(issued(payload, frame)))
    with pytest.raises(Malformed):
        check_issued_claims(metadata, verified(issued(payload, Frame())))


steps = st.none() | st.integers(0, 3) | st.sampled_from(["name", "address", "city", "degrees", "type", "x"])


@given(
    st.lists(
        st.fixed_dictionaries(
            {"path": st.lists(steps, min_size=1, max_size=4)},
            optional={"sd": st.sampled_from(["always", "allowed", "never"]), "mandatory": st.booleans()},
        ),
        max_size=4,
        unique_by=lambda claim: repr(claim["path"]),
    ),
    st.sets(st.sampled_from([("name",), ("address",), ("degrees", 0), ("nationalities",)])),
    json_values,
)
@settings(max_examples=100)
def test_no_rule_escapes_the_error_family(claims, paths, value):
    with contextlib.suppress(ProtocolError):
        check_issued_claims(rules(*claims), verified(credential()))
    with contextlib.suppress(ProtocolError):
        check_presented_claims(rules(*claims), shown(*sorted(paths)))
    with contextlib.suppress(ProtocolError):
        check_presented_claims(rules(*claims), verified(signed({**BASICS, "name": value, "degrees": value})))
