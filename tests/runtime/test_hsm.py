"""Keys in a PKCS#11 token: SoftHSM, really used."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pkcs11
import pytest
from pkcs11 import Attribute, ObjectClass
from structlog.testing import capture_logs

from protocol.errors import Unavailable, Unsupported
from protocol.keys import Ed25519Key, P256Key
from runtime.hsm import PAUSE_SECONDS, HsmToken
from runtime.key_token import KeyReference, KeyUse, TokenError, check_token, open_token
from tests.support.pki import seeded

SIGNING = KeyReference("agency signing", b"\x01" * 16)
DATA = b"what is signed"


class Clock:
    """Seconds that pass when told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def token(softhsm, clock):
    return HsmToken(softhsm.access, clock=clock)


@pytest.fixture
def key(token):
    return token.make_key(SIGNING, KeyUse.SIGN)


# Signing and agreeing


def test_what_the_token_signs_is_a_signature_of_its_public_key(key):
    signature = key.sign(DATA)
    assert len(signature) == 64
    key.public_key.verify(signature, DATA)
    assert key.public_key.alg == "ES256"


def test_a_key_for_agreement_shares_a_secret_with_its_peer(token):
    key = token.make_key(KeyReference("agency encryption", b"\x02"), KeyUse.AGREE)
    peer = P256Key.generate(seeded(7))
    for _ in range(3):
        assert key.agree(peer.public_key) == peer.agree(key.public_key)


def test_a_secret_that_was_agreed_on_does_not_stay_in_the_token(token):
    key = token.make_key(KeyReference("agency encryption", b"\x02"), KeyUse.AGREE)
    key.agree(P256Key.generate(seeded(7)).public_key)
    assert not token.use(lambda session: list(session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})))


def test_a_peer_on_another_curve_is_refused_before_the_token_sees_it(token):
    key = token.make_key(KeyReference("agency encryption", b"\x02"), KeyUse.AGREE)
    with pytest.raises(Unsupported):
        key.agree(Ed25519Key.generate(seeded(1)).public_key)


def test_a_key_does_only_what_it_was_made_for(token, key):
    with pytest.raises(Unavailable):
        key.agree(P256Key.generate(seeded(7)).public_key)
    other = token.make_key(KeyReference("agency encryption", b"\x02"), KeyUse.AGREE)
    with pytest.raises(Unavailable):
        other.sign(DATA)


@pytest.mark.parametrize("use", list(KeyUse))
def test_a_key_that_is_made_cannot_leave_the_token(token, use):
    token.make_key(SIGNING, use)

    def look(session):
        found = token.private_key(session, SIGNING)
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            found[Attribute.VALUE]
        return [
            found[attribute]
            for attribute in (Attribute.SENSITIVE, Attribute.NEVER_EXTRACTABLE, Attribute.LOCAL, Attribute.TOKEN)
        ] + [found[Attribute.SIGN], found[Attribute.DERIVE]]

    assert token.use(look) == [True] * 4 + [use is KeyUse.SIGN, use is KeyUse.AGREE]


def test_a_key_that_may_leave_the_token_is_not_taken(token):
    def make(session):
        with token._writing(session) as writing:
            parameters = writing.create_domain_parameters(
                pkcs11.KeyType.EC,
                {Attribute.EC_PARAMS: pkcs11.util.ec.encode_named_curve_parameters("secp256r1")},
                local=True,
            )
            parameters.generate_keypair(
                id=b"\x05", label="loose", store=True, private_template={Attribute.EXTRACTABLE: True}
            )

    token.use(make)
    with pytest.raises(TokenError, match="may leave the token"):
        token.find_key(KeyReference("loose"))


def test_a_key_on_another_curve_is_not_taken(token):
    def make(session):
        with token._writing(session) as writing:
            parameters = writing.create_domain_parameters(
                pkcs11.KeyType.EC,
                {Attribute.EC_PARAMS: pkcs11.util.ec.encode_named_curve_parameters("secp384r1")},
                local=True,
            )
            parameters.generate_keypair(
                id=b"\x05",
                label="long",
                store=True,
                private_template={Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True},
            )

    token.use(make)
    with pytest.raises(TokenError, match="not on the curve P-256"):
        token.find_key(KeyReference("long"))


# Finding


@pytest.mark.parametrize("reference", [SIGNING, KeyReference("agency signing"), KeyReference(id=SIGNING.id)])
def test_a_key_is_found_by_label_id_or_both(softhsm, key, reference):
    again = open_token(softhsm.access).find_key(reference)
    assert again.public_key == key.public_key
    key.public_key.verify(again.sign(DATA), DATA)


@pytest.mark.parametrize(
    "reference", [KeyReference("other"), KeyReference("agency signing", b"\x02"), KeyReference("other", SIGNING.id)]
)
def test_a_key_that_is_not_there_is_named(token, key, reference):
    with pytest.raises(TokenError, match=f"the key {reference} is not in the token"):
        token.find_key(reference)


def test_one_label_for_two_keys_is_not_enough(token, key):
    token.make_key(KeyReference("agency signing", b"\x02"), KeyUse.SIGN)
    with pytest.raises(TokenError, match="name one by its id"):
        token.find_key(KeyReference("agency signing"))
    assert token.find_key(SIGNING).public_key == key.public_key


def test_a_destroyed_key_signs_no_more(token, key):
    key.sign(DATA)
    token.destroy_key(SIGNING)
    with pytest.raises(Unavailable):
        key.sign(DATA)
    with pytest.raises(TokenError):
        token.find_key(SIGNING)
    assert not token.use(lambda session: list(session.get_objects({Attribute.ID: SIGNING.id})))
    token.destroy_key(SIGNING)


# The token is away


def test_a_token_that_is_away_is_told_as_that_and_comes_back_by_itself(softhsm, clock, key):
    """T146"""
    key.sign(DATA)
    with softhsm.gone():
        for _ in range(3):
            clock.now += 2 * PAUSE_SECONDS
            with capture_logs() as logs, pytest.raises(Unavailable) as refusal:
                key.sign(DATA)
            assert softhsm.label not in refusal.value.description, "peers are not told about our token"
            assert softhsm.label in logs[0]["reason"], "operators are"
    clock.now += 2 * PAUSE_SECONDS
    key.public_key.verify(key.sign(DATA), DATA)


def test_a_token_that_is_away_is_not_begun_anew_for_each_request(softhsm, clock, key):
    with softhsm.gone():
        with pytest.raises(Unavailable):
            key.sign(DATA)
        begun = key.token._module.generation
        for _ in range(3):
            with pytest.raises(Unavailable):
                key.sign(DATA)
        assert key.token._module.generation == begun
    clock.now += PAUSE_SECONDS
    key.sign(DATA)


def test_a_session_that_the_token_forgot_is_opened_anew(key):
    key.sign(DATA)
    key.token._module.library().reinitialize()
    key.public_key.verify(key.sign(DATA), DATA)


def test_a_token_that_was_set_up_anew_signs_nothing_for_the_old_key(softhsm, clock, key):
    """T146"""
    key.sign(DATA)
    softhsm.set_up_anew()
    with pytest.raises(Unavailable):
        key.sign(DATA)
    clock.now += PAUSE_SECONDS
    key.token.make_key(SIGNING, KeyUse.SIGN)
    with capture_logs() as logs, pytest.raises(Unavailable):
        key.sign(DATA)
    assert "not that of the key" in logs[0]["reason"]


def test_two_of_us_in_one_process_share_a_token(softhsm, key):
    other = HsmToken(softhsm.access)
    theirs = other.make_key(KeyReference("partner access", b"\x03"), KeyUse.SIGN)
    with softhsm.gone(), pytest.raises(Unavailable):
        theirs.sign(DATA)
    key.public_key.verify(key.sign(DATA), DATA)
    other._pause_until = 0.0
    theirs.public_key.verify(theirs.sign(DATA), DATA)


def test_many_threads_use_one_key(key):
    def sign(number):
        data = f"{number}".encode()
        key.public_key.verify(key.sign(data), data)
        return threading.get_ident()

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(sign, range(400)))) == 400


def test_a_token_that_hangs_holds_nobody_for_ever(key, monkeypatch):
    monkeypatch.setattr("runtime.hsm.WAIT_SECONDS", 0.05)
    with key.token._inside(), ThreadPoolExecutor(1) as pool, pytest.raises(Unavailable):
        pool.submit(key.sign, DATA).result(5)
    key.sign(DATA)


# What is wrong at start is one line


def test_a_missing_module_is_named(softhsm, tmp_path):
    with pytest.raises(TokenError, match=r"none\.so is missing: hsm_module"):
        check_token(replace(softhsm.access, module=tmp_path / "none.so"))


def test_a_file_that_is_no_module_is_named(softhsm, tmp_path):
    other = tmp_path / "other.so"
    other.write_bytes(b"no library")
    with pytest.raises(TokenError, match=r"other\.so") as refusal:
        check_token(replace(softhsm.access, module=other))
    assert "\n" not in str(refusal.value)


def test_a_missing_token_is_named(softhsm):
    with pytest.raises(TokenError, match="there is no token other in"):
        check_token(replace(softhsm.access, token="other"))


def test_nothing_is_checked_where_no_token_is_said():
    check_token(None)


def test_the_extra_is_named_where_it_is_not_installed(softhsm, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(TokenError, match='need the extra "hsm"'):
        open_token(softhsm.access)
