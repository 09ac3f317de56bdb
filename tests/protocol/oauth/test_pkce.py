import pytest

from protocol.encoding import decode_base64url
from protocol.errors import Malformed
from protocol.oauth.pkce import METHOD, code_challenge, new_code_verifier, read_code_challenge, read_code_verifier
from tests.support.pki import seeded

# RFC 7636 App. B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_challenge_of_the_specification_is_made():
    assert code_challenge(VERIFIER) == CHALLENGE


def test_a_new_verifier_is_fresh_and_has_256_bits():
    random_bytes = seeded()
    first, second = new_code_verifier(random_bytes), new_code_verifier(random_bytes)
    assert first != second
    assert len(decode_base64url(first)) == 32
    assert read_code_verifier(first, "code_verifier") == first


def test_what_we_make_we_read():
    assert read_code_challenge(code_challenge(VERIFIER), METHOD, "code_challenge") == CHALLENGE


@pytest.mark.parametrize("length", [43, 128])
def test_verifiers_of_the_shortest_and_longest_kind_are_read(length):
    text = ("aZ09-._~" * 16)[:length]
    assert read_code_verifier(text, "code_verifier") == text


@pytest.mark.parametrize("text", ["", "v" * 42, "v" * 129, "v" * 43 + "=", "v" * 43 + "\n", "v" * 43 + "+"])
def test_a_verifier_of_another_shape_is_refused(text):
    """T094."""
    with pytest.raises(Malformed) as refusal:
        read_code_verifier(text, "code_verifier")
    assert refusal.value.at == "code_verifier"


@pytest.mark.parametrize("method", [None, "", "plain", "s256", "S512"])
def test_any_other_method_is_refused(method):
    """T094: `plain` by omission among them."""
    with pytest.raises(Malformed) as refusal:
        read_code_challenge(CHALLENGE, method, "code_challenge")
    assert refusal.value.at == "code_challenge_method"


@pytest.mark.parametrize("text", ["", "a" * 10, "a" * 42, "a" * 44, CHALLENGE + "\n", CHALLENGE[:-1] + "="])
def test_a_challenge_of_another_shape_is_refused(text):
    """T094."""
    with pytest.raises(Malformed) as refusal:
        read_code_challenge(text, METHOD, "code_challenge")
    assert refusal.value.at == "code_challenge"
