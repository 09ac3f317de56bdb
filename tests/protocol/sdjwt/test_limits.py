"""As much as a limit allows is read, and one more is refused.

The numbers are written out, not taken from the code: else a limit that moved would take its test along.
"""

import pytest

from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import Malformed, ProtocolError, TooLarge
from protocol.exchange import HttpResponse, run
from protocol.sdjwt.disclosure import Disclosure
from protocol.sdjwt.integrity import check_integrity
from protocol.sdjwt.issuer_key import find_issuer_key
from protocol.sdjwt.process import process_claims
from protocol.sdjwt.type_metadata import fetch_type_metadata
from protocol.sdjwt.type_rules import check_issued_claims
from protocol.trust.anchors import Role, TrustAnchors, TrustedIdentifier
from tests.protocol.sdjwt.samples import HOLDER, ISSUER, VCT, digests, disclosures, hidden, issued, read, signed
from tests.protocol.sdjwt.type_documents import document, merged
from tests.protocol.sdjwt.verifier_side import verify
from tests.support.pki import NOW

URL = "https://issuer.example"
UNCERTIFIED = {"typ": "dc+sd-jwt", "kid": "1"}
OF_NOTHING = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # the hash of an empty document


def long_disclosure(characters):
    """A disclosure's text; where base64url has no such length, one that is broken for that."""
    value = "a" * (characters * 3 // 4 - len(hidden("n", "")) * 3 // 4)
    return hidden("n", value).ljust(characters, "A")


# What is read at each limit


def disclosure(characters):
    Disclosure.from_text(long_disclosure(characters))


def sd_jwt(characters):
    """Four disclosures fill most of it, and one the rest."""
    before = signed({}, *(hidden(f"{i}", "a" * 90_000) for i in range(4)), header={"typ": "dc+sd-jwt"})
    read(f"{before}{long_disclosure(characters - len(before) - 1)}~")


def sd_jwt_with_disclosures(count):
    read(signed({}, *(hidden(f"{i}", i) for i in range(count))))


def integrity(characters):
    check_integrity(b"", OF_NOTHING.ljust(characters), "document")


def published_keys(count):
    """The last one signed."""
    keys = [HOLDER.public_key.to_jwk()] * (count - 1) + [ISSUER.public_key.to_jwk() | {"kid": "1"}]
    metadata = {"issuer": URL, "jwks": {"keys": keys}}
    answer = HttpResponse(200, (("content-type", "application/json"),), encode_json(metadata))
    anchors = TrustAnchors(identifiers=[TrustedIdentifier(URL, Role.ISSUER, "Registry", frozenset({VCT}))])
    run(find_issuer_key(read(issued(header=UNCERTIFIED, iss=URL)), anchors, now=NOW), lambda _: answer)


def nested_objects(depth):
    value: JsonObject = {}
    for _ in range(depth):
        value = {"n": value}
    process_claims(value, (), "credential")


def nested_arrays(depth):
    value: JsonValue = []
    for _ in range(depth - 1):
        value = [value]
    process_claims({"n": value}, (), "credential")


def nested_disclosures(depth):
    texts = [hidden("n", {})]
    for _ in range(depth - 1):
        texts.append(hidden("n", {"_sd": digests(texts[-1])}))
    process_claims({"_sd": digests(texts[-1])}, disclosures(*texts), "credential")


def claim_digests(count):
    """One at the top, and all others below it."""
    process_claims({"_sd": ["0"], "n": {"_sd": [f"{i}" for i in range(1, count)]}}, (), "credential")


def status_index(index):
    verify(issued(status={"status_list": {"uri": URL, "idx": index}}))


def types(count):
    """Each but the last extends another one."""
    names = [f"urn:example:{i}" for i in range(count)]
    chain = {vct: document(vct, extends=base) for vct, base in zip(names, [*names[1:], None], strict=True)}
    known = {vct: encode_json(one) for vct, one in chain.items()}
    run(fetch_type_metadata(names[0], None, known=known), lambda _: pytest.fail("nothing is fetched"))


def type_claims(count):
    merged(document(claims=[{"path": ["a", i]} for i in range(count)]))


def type_displays(count):
    merged(document(display=[{"locale": "en", "name": "x"}] * count))


def type_name(characters):
    merged(document(display=[{"locale": "en", "name": "x" * characters}]))


def type_description(characters):
    merged(document(display=[{"locale": "en", "name": "x", "description": "x" * characters}]))


def type_locale(characters):
    locale = ("en" if characters % 2 == 0 else "eng") + "-x" * (characters // 2 - 1)
    merged(document(display=[{"locale": locale, "name": "x"}]))


def svg_id(characters):
    merged(document(claims=[{"path": ["a"], "svg_id": "x" * characters}]))


def vct(characters):
    merged(document("x" * characters))


def extended_vct(characters):
    merged(document(extends="x" * characters))


def extended_integrity(characters):
    merged(document(extends="urn:example:1", **{"extends#integrity": "x" * characters}))


def rule_steps(count):
    """A hundred rules of 499 steps: to `a` 1 + 1, to its elements 1 + 248, and from those 248 + 0, because they are empty.

    Then one of as many as are left: to `b` 1 + 1, and to its elements 1 + how many there are.
    """
    rules = [{"path": ["a", None, i]} for i in range(100)]
    claims = {"vct": VCT, "a": [[]] * 248, "b": [0] * (count - 100 * 499 - 3)}
    check_issued_claims(merged(document(VCT, claims=[*rules, {"path": ["b", None]}])), verify(signed(claims)))


@pytest.mark.parametrize(
    ("reading", "limit", "error", "problem"),
    [
        (disclosure, 131_072, Malformed, "more than 131072 characters"),
        (sd_jwt, 524_288, TooLarge, "larger than 524288 characters"),
        (sd_jwt_with_disclosures, 1000, TooLarge, "more than 1000 disclosures"),
        (integrity, 1024, Malformed, "more than 1024 characters"),
        (published_keys, 64, Malformed, "at most 64 elements"),
        (nested_objects, 32, TooLarge, "deeper than 32"),
        (nested_arrays, 32, TooLarge, "deeper than 32"),
        (nested_disclosures, 32, TooLarge, "deeper than 32"),
        (claim_digests, 10_000, TooLarge, "more than 10000 digests"),
        (status_index, 2_147_483_647, Malformed, "from 0 to 2147483647"),
        (types, 8, TooLarge, "more than 8 types"),
        (type_claims, 256, Malformed, "at most 256 elements"),
        (type_displays, 64, Malformed, "at most 64 elements"),
        (type_name, 1024, Malformed, "at most 1024 characters"),
        (type_description, 1024, Malformed, "at most 1024 characters"),
        (type_locale, 35, Malformed, "at most 35 characters"),
        (svg_id, 1024, Malformed, "at most 1024 characters"),
        (vct, 2048, Malformed, "at most 2048 characters"),
        (extended_vct, 2048, Malformed, "at most 2048 characters"),
        (extended_integrity, 1024, Malformed, "at most 1024 characters"),
        (rule_steps, 50_000, TooLarge, "too many steps"),
    ],
)
def test_as_much_as_a_limit_allows_is_read_and_one_more_is_refused(reading, limit, error, problem):  # T018, T036
    reading(limit)
    with pytest.raises(ProtocolError, match=problem) as refusal:
        reading(limit + 1)
    assert type(refusal.value) is error
