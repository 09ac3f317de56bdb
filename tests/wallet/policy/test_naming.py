"""Names of a type and names of an issuer, put together so that the record can always be read again."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocol.encoding import JsonObject, encode_json
from protocol.errors import Malformed
from protocol.oid4vci.metadata import ClaimDescription, Display
from protocol.sdjwt.type_metadata import MAX_CLAIMS, TypeDocument, TypeMetadata
from tests.wallet.counterpart_agency import PID
from wallet.policy.naming import lacks_names, named_by_type
from wallet.records import read_configuration

NAMELESS = replace(PID, display=(), claims=())
CLAIMS: JsonObject = {"name": "Erika", "address": {"city": "Köln"}, "nationalities": ["DE", "FR"], "vct": "x", "exp": 1}


def description(*path, name="A name"):
    return ClaimDescription(path, (Display(name, "en"),) if name else ())


def type_of(*claims, **members):
    """A type that gives these paths a label; the label is the last step of the path."""
    described = [{"path": list(path), "display": [{"locale": "en", "label": f"type: {path[-1]}"}]} for path in claims]
    return TypeMetadata.of([TypeDocument.from_dict({"vct": "x", "claims": described, **members})])


def written(configuration):
    return encode_json(configuration.to_dict()).decode()


def contradict(paths):
    """Whether an issuer's metadata could not have descriptions of these paths."""
    try:
        read_configuration(written(replace(NAMELESS, claims=tuple(description(*path) for path in paths))))
    except Malformed:
        return True
    return False


def labels(configuration):
    return {claim.path: claim.display[0].name for claim in configuration.claims if claim.display}


@pytest.mark.parametrize(
    ("described", "lacks"),
    [
        ([("name",), ("address", "city"), ("nationalities", None)], False),
        ([("name",), ("address",), ("address", "city"), ("nationalities",)], False),
        ([("name",), ("address", "city"), ("nationalities", 0), ("nationalities", 1)], False),
        ([("name",), ("address", "city"), ("nationalities", 0)], True),
        ([("name",), ("address",), ("nationalities",)], True),
        ([("address", "city"), ("nationalities",)], True),
        ([], True),
    ],
    ids=str,
)
def test_a_name_is_missing_where_a_user_would_read_one_of_ours(described, lacks):
    configuration = replace(PID, claims=tuple(description(*path) for path in described))
    assert lacks_names(configuration, CLAIMS) is lacks


def test_a_description_without_a_name_is_no_name():
    assert lacks_names(replace(PID, claims=(description("name", name=None),)), {"name": "Erika"})


def test_a_credential_without_a_name_lacks_one():
    assert lacks_names(replace(NAMELESS, claims=(description("name"),)), {"name": "Erika"})
    assert not lacks_names(replace(PID, claims=()), {"vct": "x", "exp": 1})


def test_a_description_without_a_name_is_filled_and_keeps_its_place():
    configuration = replace(PID, claims=(description("name", name=None), description("other")))
    named = named_by_type(configuration, type_of(("name",)), CLAIMS)
    assert [claim.path for claim in named.claims] == [("name",), ("other",)]
    assert labels(named) == {("name",): "type: name", ("other",): "A name"}
    assert named.display == PID.display


def test_only_what_is_in_the_credential_is_kept():
    metadata = type_of(("name",), ("email",), ("address",), ("address", "street"), ("nationalities", None), ("exp",))
    assert labels(named_by_type(NAMELESS, metadata, CLAIMS)) == {
        ("name",): "type: name",
        ("address",): "type: address",
        ("nationalities", None): "type: None",
    }


def test_a_label_without_a_letter_is_none():
    metadata = type_of(claims=[{"path": ["name"], "display": [{"locale": "en", "label": "\u200b"}]}])
    assert named_by_type(NAMELESS, metadata, CLAIMS) == NAMELESS


def test_a_type_may_set_rules_without_a_label():
    metadata = type_of(claims=[{"path": ["name"], "sd": "always"}])
    assert named_by_type(NAMELESS, metadata, CLAIMS) == NAMELESS


def test_names_that_do_not_fit_together_leave_the_issuers_alone():
    """OID4VCI 1.0 App. B.3: one path must not describe all elements and another a single one."""
    issuers = replace(PID, claims=(description("nationalities", None),))
    assert named_by_type(issuers, type_of(("nationalities", 0), ("name",)), CLAIMS) == issuers


def test_names_that_are_too_many_leave_the_issuers_alone():
    """The record has to be read again, and a record has a size."""
    claims: JsonObject = {f"claim {i}": i for i in range(1000)}
    issuers = replace(PID, claims=tuple(description(f"issuer {i}") for i in range(900)))
    metadata = type_of(*[(f"claim {i}",) for i in range(MAX_CLAIMS)])
    assert named_by_type(issuers, metadata, claims) == issuers


paths = st.lists(st.sampled_from(["name", "address", "city", "nationalities", None, 0, 1]), min_size=1, max_size=3).map(
    tuple
)
path_sets = st.lists(paths, max_size=6, unique=True)


@given(path_sets, path_sets)
def test_what_is_put_together_can_be_read_again(issuers, types):
    assume(not contradict(issuers))
    configuration = replace(NAMELESS, claims=tuple(description(*path) for path in issuers))
    named = named_by_type(configuration, type_of(*types), CLAIMS)
    assert read_configuration(written(named)) == named
    assert labels(configuration).items() <= labels(named).items()
