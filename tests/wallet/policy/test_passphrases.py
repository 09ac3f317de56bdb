"""What a thief tries first is called weak, and words that do not belong together are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.policy.passphrases import GOOD_LENGTH, Weakness, weakness_of


@pytest.mark.parametrize("passphrase", ["", "four words", "x9!kQ2pLm4#vR"])
def test_what_is_short_is_called_short(passphrase):
    assert weakness_of(passphrase) is Weakness.SHORT


@pytest.mark.parametrize(
    "passphrase",
    [
        "aaaaaaaaaaaaaaaaaaaa",
        "aaaabbbbccccddddeeee",
        "abcdefghijklmnop",
        "ponmlkjihgfedcba",
        "1234567890123456",
        "0123456789abcdef",
        "qwertzuiopasdfgh",
        "mnbvcxylkjhgfdsa",
        "azertyuiopqsdfgh",
        "abcabcabcabcabcab",
        "Test Test Test Test",
        "passwortpasswort",
        "Passwort12345678",
        "ｐａｓｓｗｏｒｔ２０２４２０２４",
        "geheimgeheim2024!",
        "Sommer2024Sommer",
        "Ich liebe dich 2024",
    ],
)
def test_what_repeats_follows_a_row_or_is_everybodys_word_is_easy(passphrase):
    assert weakness_of(passphrase) is Weakness.EASY


@pytest.mark.parametrize(
    "passphrase",
    [
        "four words for tests",
        "correct horse battery",
        "Kaffee Mutter Wasser Schnee",
        "Regen Tisch Lampe",
        "x9!kQ2pLm4#vR7",
        "zuerst werde ich alt",
    ],
)
def test_what_is_hard_to_find_is_not_called_weak(passphrase):
    assert weakness_of(passphrase) is None


@given(st.text(max_size=60))
def test_whatever_is_typed_gets_an_answer(passphrase):
    assert (weakness_of(passphrase) is Weakness.SHORT) == (len(passphrase) < GOOD_LENGTH)


@given(st.text(min_size=1, max_size=4))
def test_saying_it_often_makes_nothing_strong(part):
    assert weakness_of(part * GOOD_LENGTH) is Weakness.EASY
