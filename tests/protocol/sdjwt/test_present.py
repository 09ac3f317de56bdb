"""Presenting: exactly what was chosen, with what encloses it, and nothing of the rest."""

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import Malformed, NotAuthentic
from protocol.sdjwt.disclosure import MAX_DISCLOSURE
from protocol.sdjwt.issue import Frame
from protocol.sdjwt.key_binding import verify_key_binding
from protocol.sdjwt.present import PresentableSdJwt, present_sd_jwt
from protocol.sdjwt.process import process_claims
from protocol.sdjwt.token import MAX_DISCLOSURES
from tests.protocol.sdjwt.samples import (
    CLAIMS,
    HOLDER,
    VISIBLE,
    binding,
    digests,
    expected,
    hidden,
    issued,
    kb_jwt,
    presented,
    read,
    signed,
)
from tests.support.bounds import BOUNDED

CREDENTIAL = issued()
ALWAYS_SHOWN = {**VISIBLE, "nationalities": [], "age_equal_or_over": {}}


def shown(text):
    token = read(text)
    return process_claims(token.jws.peek_claims("credential").members, token.disclosures, "credential").claims


def present(*paths, credential=CREDENTIAL):
    return present_sd_jwt(read(credential), paths, binding=None)


def test_nothing_chosen_shows_what_is_always_shown():
    assert shown(present()) == ALWAYS_SHOWN
    assert present().count("~") == 1


def test_one_claim_is_shown_alone():
    assert shown(present(("given_name",))) == {**ALWAYS_SHOWN, "given_name": "Erika"}


def test_what_is_always_shown_costs_no_disclosure():
    assert present(("vct",), ("cnf", "jwk", "kty")) == present()


def test_a_member_brings_what_encloses_it():
    assert shown(present(("address", "locality")))["address"] == {"locality": "Köln", "country": "DE", "lines": []}


def test_a_container_brings_all_that_is_inside():
    assert shown(present(("address",)))["address"] == CLAIMS["address"]
    assert shown(present(("nationalities",)))["nationalities"] == CLAIMS["nationalities"]
    assert shown(present(("address", "lines")))["address"] == {"country": "DE", "lines": CLAIMS["address"]["lines"]}


def test_an_element_is_shown_without_its_neighbours():
    assert shown(present(("nationalities", 1)))["nationalities"] == ["FR"]
    assert shown(present(("address", "lines", 0)))["address"] == {"country": "DE", "lines": ["Heidestraße 17"]}


def test_a_visible_container_brings_its_hidden_members():
    assert shown(present(("age_equal_or_over",)))["age_equal_or_over"] == {"18": True, "65": False}
    assert shown(present(("age_equal_or_over", "18")))["age_equal_or_over"] == {"18": True}


def test_the_order_and_the_number_of_wishes_make_no_difference():
    paths = [("family_name",), ("given_name",), ("nationalities", 0)]
    texts = {present(*order) for order in itertools.permutations(paths)}
    assert texts == {present(*paths, *paths)}
    every = read(CREDENTIAL).disclosures
    found = [every.index(disclosure) for disclosure in read(texts.pop()).disclosures]
    assert found == sorted(found)


@pytest.mark.parametrize(
    "path", [("email",), ("given_name", "x"), ("nationalities", 2), ("nationalities", None), ("_sd",), (), (0,)]
)
def test_a_claim_that_is_not_there_is_the_callers_mistake(path):
    with pytest.raises(ValueError, match="does not have"):
        present(path)


def test_a_presentation_is_bound_to_the_holders_key():
    token = read(presented(("given_name",), credential=CREDENTIAL))
    verify_key_binding(token, HOLDER.public_key, expected())
    assert token.presented == present(("given_name",))


def test_a_bound_presentation_is_not_presented_again():
    with pytest.raises(Malformed, match="key binding"):
        present_sd_jwt(read(presented(("given_name",))), [], binding=binding())


def test_a_presentation_without_key_binding_can_be_narrowed():
    wide = present(("given_name",), ("family_name",))
    assert present(("given_name",), credential=wide) == present(("given_name",))


def test_a_credential_is_made_ready_once_for_many_presentations():
    ready = PresentableSdJwt.of(read(CREDENTIAL))
    assert ready.claims == CLAIMS
    for path in (("given_name",), ("address", "lines", 1), ("nationalities", 0)):
        assert ready.present([path], None) == present(path)


def test_disclosures_that_do_not_fit_are_refused():
    with pytest.raises(NotAuthentic):
        PresentableSdJwt.of(read(CREDENTIAL + hidden("x", 1) + "~"))


def test_a_key_binding_behind_nothing_is_no_credential():
    with pytest.raises(Malformed):
        present_sd_jwt(read(kb_jwt(present())), [], binding=None)


def test_a_large_credential_is_made_ready_quickly():  # T036
    texts = [hidden(f"claim {i}", list(range(100))) for i in range(MAX_DISCLOSURES)]
    token = read(signed({"_sd": digests(*texts)}, *texts))
    started = time.process_time()
    ready = PresentableSdJwt.of(token)
    assert time.process_time() - started < BOUNDED
    assert len(ready.needed) == MAX_DISCLOSURES * 101
    assert max(len(text) for text in texts) < MAX_DISCLOSURE


# Any claims, any frame, any choice

names = st.sampled_from(["a", "b", "name", "Größe", "exp", "0"])
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=4)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


def patterns(value, path=()):
    """Every path into some claims that a frame could make disclosable."""
    if path and path[0] != "exp":
        yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from patterns(item, (*path, name))
    elif isinstance(value, list):
        for item in value:
            yield from patterns(item, (*path, None))


def concrete(value, path=()):
    """Every path of some claims."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from concrete(item, (*path, step))


def chosen(value, framed, wishes, path=(), pattern=()):
    """What must be left of some claims: what is visible, and what is wished for with what is around and inside it.

    A reference that knows nothing of digests, only of the frame and the wishes.
    """

    def stays(inner_path, inner_pattern):
        wanted = any(w[: len(inner_path)] == inner_path or inner_path[: len(w)] == w for w in wishes)
        return inner_pattern not in framed or wanted

    if isinstance(value, dict):
        return {
            name: chosen(item, framed, wishes, (*path, name), (*pattern, name))
            for name, item in value.items()
            if stays((*path, name), (*pattern, name))
        }
    if isinstance(value, list):
        return [
            chosen(item, framed, wishes, (*path, i), (*pattern, None))
            for i, item in enumerate(value)
            if stays((*path, i), (*pattern, None))
        ]
    return value


@settings(max_examples=300, deadline=None)
@given(st.data(), st.dictionaries(names, trees, min_size=1, max_size=4), st.integers(0, 3))
def test_any_choice_of_any_claims_shows_exactly_that(data, claims, decoys):
    framed = data.draw(st.sets(st.sampled_from(sorted({*patterns(claims), ("absent",)}, key=repr))))
    wishes = data.draw(st.lists(st.sampled_from(sorted(concrete(claims), key=repr)), max_size=3))
    text = issued(claims, Frame.of(framed), decoys=decoys)
    presentation = present_sd_jwt(read(text), wishes, binding=binding())
    token = read(presentation)
    verify_key_binding(token, HOLDER.public_key, expected())
    assert shown(text) == claims
    assert shown(presentation) == chosen(claims, framed, wishes)
