"""Issuing: what is hidden, what stays in sight, and what digests give away."""

import pytest

from protocol.encoding import JsonObject, decode_base64url, read_json, read_json_object
from protocol.jws import verify_jws
from protocol.keys import Ed25519Key
from protocol.sdjwt.disclosure import SALT_BYTES, Disclosure, digest_of
from protocol.sdjwt.issue import ALWAYS_VISIBLE, Frame, issue_sd_jwt
from tests.protocol.sdjwt.samples import CLAIMS, FRAME, HEADER, ISSUER, PKI, VISIBLE, hidden, issued, read
from tests.support.pki import seeded


def payload(text):
    return read_json_object(read(text).jws.payload, "payload")


def salt(disclosure):
    return read_json(decode_base64url(disclosure.text), "disclosure")[0]


def test_a_framed_claim_is_hidden_and_the_rest_is_not():
    shown = payload(issued())
    assert set(shown) == {*VISIBLE, "_sd", "_sd_alg", "nationalities", "age_equal_or_over"}
    assert shown["_sd_alg"] == "sha-256"
    assert len(shown["_sd"]) == 3
    assert [set(element) for element in shown["nationalities"]] == [{"..."}, {"..."}]
    assert set(shown["age_equal_or_over"]) == {"_sd"}


def test_every_disclosure_has_its_digest_where_the_frame_says():
    token = read(issued())
    by_name = {disclosure.name: disclosure for disclosure in token.disclosures if disclosure.name}
    shown = payload(token.raw)
    assert sorted(digest_of(by_name[name].text) for name in ("given_name", "family_name", "address")) == shown["_sd"]
    address = by_name["address"].value
    assert address["country"] == "DE"
    assert address["_sd"] == [digest_of(by_name["locality"].text)]
    elements = {digest_of(d.text): d.value for d in token.disclosures if d.name is None}
    assert [elements[element["..."]] for element in address["lines"]] == CLAIMS["address"]["lines"]
    assert [elements[element["..."]] for element in shown["nationalities"]] == ["DE", "FR"]


def test_without_a_frame_nothing_is_hidden():
    text = issued(frame=Frame())
    assert payload(text) == CLAIMS
    assert text.endswith("~")
    assert read(text).disclosures == ()


def test_the_issuers_claims_are_left_as_they_were():
    before = repr(CLAIMS)
    issued()
    assert repr(CLAIMS) == before


def test_a_framed_claim_that_is_absent_is_no_disclosure():
    assert "given_name" not in {d.name for d in read(issued(given_name=...)).disclosures}


def test_a_frame_of_another_shape_leaves_the_claim_in_sight():
    frame = Frame.of([("nationalities", "first"), ("given_name", None), ("given_name", "x")])
    shown = payload(issued(frame=frame))
    assert (shown["nationalities"], shown["given_name"]) == (["DE", "FR"], "Erika")


def test_arrays_inside_arrays_are_hidden_on_every_level():
    frame = Frame.of([("matrix", None), ("matrix", None, None)])
    token = read(issued({"matrix": [[1, 2], [3]]}, frame))
    assert [d.value for d in token.disclosures if isinstance(d.value, int)] == [1, 2, 3]
    assert len(token.disclosures) == 5
    assert len(payload(token.raw)["matrix"]) == 2


def test_an_outer_array_can_stay_in_sight():
    token = read(issued({"matrix": [[1, 2], [3]]}, Frame.of([("matrix", None, None)])))
    assert [len(row) for row in payload(token.raw)["matrix"]] == [2, 1]
    assert len(token.disclosures) == 3


def test_null_and_false_are_hidden_like_any_value():
    token = read(issued({"a": None, "b": [False]}, Frame.of([("a",), ("b",), ("b", None)])))
    assert {(d.name, repr(d.value)) for d in token.disclosures if d.name != "b"} == {("a", "None"), (None, "False")}


def test_the_header_names_algorithm_type_and_chain():
    header = read(issued()).jws.header
    assert (header.alg, header.typ, header.x5c) == ("ES256", "dc+sd-jwt", PKI.x5c)


@pytest.mark.parametrize("signer", [ISSUER, Ed25519Key.from_seed(bytes(32))])
def test_the_signers_key_verifies_what_it_signed(signer):
    jws = read(issued(signer=signer, header={"typ": "dc+sd-jwt"})).jws
    assert verify_jws(jws, signer.public_key, typ="dc+sd-jwt", at="credential").text("vct") == CLAIMS["vct"]


@pytest.mark.parametrize("decoys", [1, 7])
@pytest.mark.parametrize("frame", [FRAME, Frame()])
def test_decoys_look_like_digests_and_belong_to_nothing(decoys, frame):  # T050
    token = read(issued(frame=frame, decoys=decoys))
    shown = payload(token.raw)
    own = {digest_of(disclosure.text) for disclosure in token.disclosures}
    assert len([digest for digest in shown["_sd"] if digest not in own]) == decoys
    assert {len(decode_base64url(digest)) for digest in shown["_sd"]} == {32}
    assert shown["_sd_alg"] == "sha-256"


def test_the_order_of_digests_says_nothing_about_the_claims():  # T050
    backwards = dict(reversed(CLAIMS.items()))
    for claims in (CLAIMS, backwards):
        for seed in range(5):
            shown = payload(issued(claims, seed=seed, decoys=3))
            assert shown["_sd"] == sorted(shown["_sd"])
            assert shown["age_equal_or_over"]["_sd"] == sorted(shown["age_equal_or_over"]["_sd"])


def test_no_salt_is_short_or_used_twice():  # T050
    random_bytes = seeded(9)
    claims: JsonObject = {"given_name": "Erika", "family_name": "Mustermann", "nationalities": ["DE"]}
    frame = Frame.of([("given_name",), ("family_name",), ("nationalities", None)])
    salts, seen = [], set()
    for _ in range(2000):
        text = issue_sd_jwt(claims, frame, header=HEADER, signer=FixedSignature(), random_bytes=random_bytes, decoys=2)
        token = read(text)
        salts += [salt(disclosure) for disclosure in token.disclosures]
        seen.update(payload(text)["_sd"])
    assert {len(decode_base64url(one)) for one in salts} == {SALT_BYTES}
    assert len(set(salts)) == len(salts) == 6000
    assert len(seen) == 2000 * 4
    assert SALT_BYTES * 8 >= 128


class FixedSignature:
    """Signs nothing; only salts are looked at."""

    public_key = ISSUER.public_key

    def sign(self, data):
        return bytes(64)


def test_salts_come_from_the_randomness_given():
    assert read(issued(seed=1)).disclosures == read(issued(seed=1)).disclosures
    assert read(issued(seed=1)).disclosures != read(issued(seed=2)).disclosures


@pytest.mark.parametrize("name", sorted(ALWAYS_VISIBLE))
@pytest.mark.parametrize("deeper", [(), ("jwk",), (None,)])
def test_what_says_whether_a_credential_holds_stays_in_sight(name, deeper):  # T030
    with pytest.raises(ValueError, match="cannot be disclosed selectively"):
        Frame.of([(name, *deeper)])


def test_the_names_that_must_stay_in_sight_are_the_specifications():  # T030
    assert {"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"} <= ALWAYS_VISIBLE


@pytest.mark.parametrize("path", [(), ("a", 0), ("a", "..."), ("_sd",), ("a", "_sd")])
def test_a_frame_has_names_and_null_only(path):
    with pytest.raises(ValueError, match=r"cannot be disclosed|names and null only"):
        Frame.of([path])


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg"])
@pytest.mark.parametrize(
    "place",
    [
        lambda name: {name: ["x"]},
        lambda name: {"address": {name: ["x"]}},
        lambda name: {"other": {name: ["x"]}},
        lambda name: {"nationalities": [{name: "x"}]},
        lambda name: {"other": [[{"deep": {name: "x"}}]]},
    ],
    ids=["top", "framed", "in sight", "element", "deep"],
)
def test_claims_that_pose_as_machinery_are_not_issued(name, place):
    with pytest.raises(ValueError, match="no claim may have"):
        issued(**place(name))


@pytest.mark.parametrize("name", [None, "family_name"])
def test_what_is_written_as_a_disclosure_is_read_back(name):
    disclosure = Disclosure.from_text(hidden(name, {"a": ["Möbius", 1]}, salt="c2FsdA"))
    assert (disclosure.name, disclosure.value, salt(disclosure)) == (name, {"a": ["Möbius", 1]}, "c2FsdA")
