import pytest

from protocol.dcql.match import check_answer, match_query
from protocol.encoding import encode_base64url
from protocol.errors import AccessDenied, InvalidRequest
from tests.protocol.dcql.samples import PID, TWO, answered, asked, found, held, paths, read, sets


def test_a_query_without_claims_discloses_nothing():  # T169
    query = read(asked())
    (match,) = found(query, held())
    assert (match.claims, match.paths) == ((), ())
    assert answered(query.credentials[0], held()).selected() == {}


def test_all_claims_are_needed():
    assert paths(read(asked(["name"], ["degree"])), held()) == []


def test_a_claim_asked_twice_is_disclosed_once():
    assert paths(read(asked(["name"], ["name"])), held()) == [(("name",),)]


def test_the_match_says_which_claim_each_path_answers():
    query = read(asked(["name"], ["nationalities", None]))
    (match,) = found(query, held())
    name, nationalities = query.credentials[0].claims
    assert [(claim.query, len(claim.paths)) for claim in match.claims] == [(name, 1), (nationalities, 3)]


def test_the_first_claim_set_that_fits_is_taken():  # T201
    claims = [{"id": name, "path": [name]} for name in ("age", "name", "address")]
    query = read(asked(*claims, claim_sets=[["name", "age"], ["address"], ["name"], ["name", "address"]]))
    assert paths(query, held()) == [(("address",),)]
    assert paths(query, held({"age": 1, "name": "x", "address": {}})) == [(("name",), ("age",))]
    assert paths(query, held({"age": 1})) == []


@pytest.mark.parametrize(
    ("members", "held_as"),
    [
        ({"format": "mso_mdoc", "meta": {"doctype_value": PID}}, {}),
        ({"format": "ldp_vc", "meta": {}}, {"format": "ldp_vc"}),
        ({"meta": {"vct_values": ["urn:eudi:pid:de:1"]}}, {}),
        ({"meta": {"doctype_value": PID}}, {}),
        ({"meta": {"type_values": [[PID]]}}, {}),
        ({"format": "mso_mdoc", "meta": {"vct_values": [PID]}}, {"format": "mso_mdoc"}),
        ({"format": "mso_mdoc", "meta": {"doctype_value": "org.iso.18013.5.1.mDL"}}, {"format": "mso_mdoc"}),
        ({}, {"holder_bound": False}),
        ({}, {"type": "urn:eudi:pid:de:1"}),
        ({}, {"type": "urn:eudi:pid:de:1", "type_ancestry": ("urn:example:1",)}),
        ({"trusted_authorities": [{"type": "aki", "values": ["AQI"]}]}, {}),
        ({"trusted_authorities": [{"type": "aki", "values": ["AQI"]}]}, {"authority_key_ids": (b"\1\3",)}),
        ({"trusted_authorities": [{"type": "aki", "values": ["AQI="]}]}, {"authority_key_ids": (b"\1\2",)}),
        ({"trusted_authorities": [{"type": "etsi_tl", "values": ["AQI"]}]}, {"authority_key_ids": (b"\1\2",)}),
    ],
    ids=str,
)
def test_a_credential_that_does_not_fit_its_query_neither_matches_nor_answers(members, held_as):  # T188, T204
    query = read(asked(**members))
    candidate = held(**held_as)
    assert not match_query(query, [candidate]).satisfied
    with pytest.raises(InvalidRequest):
        check_answer(query, {"pid": [candidate]})


@pytest.mark.parametrize(
    ("members", "held_as"),
    [
        ({"meta": {}}, {"type": "anything"}),
        ({"meta": {"vct_values": ["urn:other", PID], "new": 1}}, {}),
        ({}, {"type": "urn:eudi:pid:de:1", "type_ancestry": ("urn:example:1", PID)}),
        ({"format": "mso_mdoc", "meta": {"doctype_value": "mDL"}}, {"format": "mso_mdoc", "type": "mDL"}),
        ({"require_cryptographic_holder_binding": False}, {"holder_bound": False}),
        (
            {"trusted_authorities": [{"type": "etsi_tl", "values": ["x"]}, {"type": "aki", "values": ["AA", "AQI"]}]},
            {"authority_key_ids": (b"\1\1", b"\1\2")},
        ),
    ],
    ids=str,
)
def test_a_credential_that_fits_its_query_matches_and_answers(members, held_as):
    query = read(asked(**members))
    candidate = held(**held_as)
    assert match_query(query, [candidate]).satisfied
    check_answer(query, {"pid": [candidate]})


def test_an_entry_that_cannot_match_leaves_the_others_alone():  # T204
    query = read(asked(query_id="odd", format="ldp_vc", meta={}), asked(["name"]))
    match = match_query(query, [held()])
    assert (match.matches["odd"], len(match.matches["pid"])) == ((), 1)
    assert not match.satisfied


def test_without_sets_every_credential_is_required():
    match = match_query(read(*TWO), [held()])
    assert not match.satisfied
    with pytest.raises(AccessDenied):  # T168
        match.default_choice()
    with pytest.raises(AccessDenied):
        match.choose({"a": ["erika"], "c": ["erika"]})
    with pytest.raises(InvalidRequest):  # T177
        check_answer(read(*TWO), {"a": [held()], "c": [held()]})


def test_the_default_is_the_first_option_of_what_is_required_and_nothing_optional():
    query = read(*TWO, credential_sets=sets((["b"], ["c"], ["a"], True), (["a"], False)))
    match = match_query(query, [held(), held(candidate_id="max")])
    assert match.satisfied
    assert match.default_choice() == {"c": ("erika",)}
    assert [found_set.options for found_set in match.sets] == [(("c",), ("a",)), (("a",),)]
    assert match.required == frozenset()
    assert match.choose({"c": ["erika"], "a": ["max"]})["a"][0].paths == (("name",),)


def test_what_every_option_needs_is_required():
    query = read(*TWO, credential_sets=sets((["c", "a"], ["a"], True), (["c"], False)))
    assert match_query(query, [held()]).required == {"a"}
    assert match_query(read(TWO[0], TWO[2]), [held()]).required == {"a", "c"}


def test_an_optional_set_that_cannot_be_met_changes_nothing():  # T168
    query = read(*TWO, credential_sets=sets((["a"], True), (["b"], False)))
    match = match_query(query, [held()])
    assert match.satisfied
    assert match.sets[1].options == ()
    check_answer(query, {"a": [held()]})


def test_where_only_optional_sets_exist_something_has_to_be_found_and_chosen():  # T168
    query = read(*TWO, credential_sets=sets((["a"], False)))
    assert not match_query(query, []).satisfied
    match = match_query(query, [held()])
    assert match.default_choice() == {}
    with pytest.raises(InvalidRequest):
        match.choose({})
    with pytest.raises(InvalidRequest):
        check_answer(query, {})
    check_answer(query, {"a": [held()]})


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"a": ["erika"]},
        {"a": [], "c": ["erika"]},
        {"a": ["erika"], "c": []},
        {"a": ["erika"], "c": ["nobody"]},
        {"a": ["erika", "max"], "c": ["erika"]},
        {"a": ["erika"], "c": ["erika", "erika"]},
        {"a": ["erika"], "c": ["erika"], "b": ["erika"]},
        {"a": ["erika"], "c": ["erika"], "unknown": ["erika"]},
        {"a": ["erika"], "c": ["erika"], "d": ["erika"]},
    ],
    ids=str,
)
def test_a_choice_that_does_not_answer_the_query_is_refused(chosen):
    several = asked(query_id="c", multiple=True)
    loose = asked(query_id="d")
    query = read(TWO[0], TWO[1], several, loose, credential_sets=sets((["a", "c"], True), (["b", "d"], False)))
    with pytest.raises(InvalidRequest):
        match_query(query, [held(), held(candidate_id="max")]).choose(chosen)


def test_a_choice_of_something_optional_alone_is_refused():
    query = read(*TWO, credential_sets=sets((["a"], True), (["c"], False)))
    with pytest.raises(InvalidRequest, match="required"):
        match_query(query, [held()]).choose({"c": ["erika"]})


def test_key_identifiers_are_compared_as_bytes():
    key_id = bytes(range(20))
    query = read(asked(trusted_authorities=[{"type": "aki", "values": [encode_base64url(key_id)]}]))
    assert found(query, held(authority_key_ids=(key_id,)))
    assert not found(query, held(authority_key_ids=(key_id[:-1],)))
