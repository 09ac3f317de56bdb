import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dcql.query import ClaimsQuery, CredentialMeta, CredentialQuery, CredentialSetQuery, DcqlQuery
from protocol.encoding import encode_json, read_json
from protocol.errors import Malformed, ProtocolError, TooLarge
from tests.support.cases import cases
from tests.support.vectors import vector_files

MEMBERS = [
    "credentials",
    "id",
    "format",
    "meta",
    "claims",
    "claim_sets",
    "path",
    "values",
    "credential_sets",
    "options",
    "required",
    "multiple",
    "vct_values",
    "doctype_value",
    "trusted_authorities",
    "type",
    "require_cryptographic_holder_binding",
    "intent_to_retain",
]
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(("pid", "dc+sd-jwt", "mso_mdoc", ""))
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=8)
)
claims = st.fixed_dictionaries({"path": json_values}, optional={"id": scalars, "values": json_values})
credentials = st.fixed_dictionaries(
    {"id": scalars, "format": scalars, "meta": json_values},
    optional={"claims": st.lists(claims, max_size=3), "claim_sets": json_values, "trusted_authorities": json_values},
)
almost_queries = st.fixed_dictionaries(
    {"credentials": st.lists(credentials, max_size=3)}, optional={"credential_sets": json_values}
)


def credential(**members):
    return {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]}, **members}


def read(*asked, **members):
    return DcqlQuery.from_dict({"credentials": [*asked], **members})


@cases("dcql/query.json", "refuse")
def test_a_broken_query_is_refused_by_name(case):
    with pytest.raises(Malformed) as refusal:
        DcqlQuery.from_dict(case["wire"])
    assert refusal.value.at == case["at"]


@cases("dcql/query.json", "keep")
def test_a_query_is_written_as_it_was_read(case):
    written = DcqlQuery.from_dict(case["wire"]).to_dict()
    # as text, where true is not 1
    assert json.dumps(written, sort_keys=True) == json.dumps(case["wire"], sort_keys=True)


@pytest.mark.parametrize("file", vector_files("openid4vp/examples-1.0/query_lang/*.json"))
def test_the_queries_of_the_specification_are_read_and_written(file):
    wire = json.loads(file.read_bytes())
    written = DcqlQuery.from_dict(wire).to_dict()
    assert written == wire


def test_a_query_says_what_it_asks():
    asked = credential(
        claims=[{"id": "a", "path": ["name"]}, {"id": "b", "path": ["n", None, 0], "values": [True, 1, "x"]}],
        claim_sets=[["a"], ["a", "b"]],
        multiple=True,
        require_cryptographic_holder_binding=False,
    )
    assert read(asked, credential_sets=[{"options": [["pid"]], "required": False}]) == DcqlQuery(
        (
            CredentialQuery(
                id="pid",
                format="dc+sd-jwt",
                meta=CredentialMeta(vct_values=("urn:eudi:pid:1",)),
                claims=(ClaimsQuery(("name",), "a"), ClaimsQuery(("n", None, 0), "b", (True, 1, "x"))),
                claim_sets=(("a",), ("a", "b")),
                multiple=True,
                holder_binding=False,
            ),
        ),
        (CredentialSetQuery((("pid",),), required=False),),
    )


def test_holder_binding_one_credential_and_every_set_are_the_default():
    query = read(credential(), credential_sets=[{"options": [["pid"]]}])
    assert query.credentials[0].holder_binding
    assert not query.credentials[0].multiple
    assert query.credential_sets[0].required


def test_unknown_members_are_ignored_everywhere():  # T205
    odd = {"x-new": {"deep": [1]}}
    plain = credential(claims=[{"path": ["a"]}], trusted_authorities=[{"type": "aki", "values": ["AA"]}])
    strange = credential(
        claims=[{"path": ["a"], "intent_to_retain": "whatever", **odd}],
        trusted_authorities=[{"type": "aki", "values": ["AA"], **odd}],
        **odd,
    )
    sets = [{"options": [["pid"]], **odd}]
    assert read(strange, credential_sets=sets, **odd) == read(plain, credential_sets=[{"options": [["pid"]]}])


def test_two_credentials_may_use_the_same_claim_ids():
    asked = [{"id": "a", "path": ["a"]}]
    assert len(read(credential(claims=asked), credential(id="b", claims=asked)).credentials) == 2


def test_more_claims_than_the_cap_are_refused_over_all_credentials():  # T198
    half = [{"path": ["a"]}] * 501
    with pytest.raises(TooLarge) as refusal:
        read(credential(claims=half), credential(id="b", claims=half))
    assert refusal.value.at == "dcql_query.credentials"


@pytest.mark.parametrize(
    ("wire", "at"),
    [
        ({"credentials": [credential(id=f"c{i}") for i in range(65)]}, "dcql_query.credentials"),
        ({"credentials": [credential(claims=[{"path": ["a"]}] * 1001)]}, "dcql_query.credentials[0].claims"),
        (  # T198
            {"credentials": [credential(claims=[{"path": ["a"] * 1000}])]},
            "dcql_query.credentials[0].claims[0].path",
        ),
        (
            {"credentials": [credential(claims=[{"path": ["a"], "values": [1] * 257}])]},
            "dcql_query.credentials[0].claims[0].values",
        ),
        (
            {"credentials": [credential(claims=[{"id": "a", "path": ["a"]}], claim_sets=[["a"]] * 1001)]},
            "dcql_query.credentials[0].claim_sets",
        ),
        (
            {"credentials": [credential(claims=[{"id": "a", "path": ["a"]}], claim_sets=[["a"] * 1001])]},
            "dcql_query.credentials[0].claim_sets[0]",
        ),
        (
            {"credentials": [credential(meta={"vct_values": ["a"] * 65})]},
            "dcql_query.credentials[0].meta.vct_values",
        ),
        (
            {"credentials": [credential(trusted_authorities=[{"type": "aki", "values": ["AA"]}] * 17)]},
            "dcql_query.credentials[0].trusted_authorities",
        ),
        (
            {"credentials": [credential(trusted_authorities=[{"type": "aki", "values": ["AA"] * 257}])]},
            "dcql_query.credentials[0].trusted_authorities[0].values",
        ),
        (
            {"credentials": [credential()], "credential_sets": [{"options": [["pid"]]}] * 65},
            "dcql_query.credential_sets",
        ),
        (
            {"credentials": [credential()], "credential_sets": [{"options": [["pid"]] * 65}]},
            "dcql_query.credential_sets[0].options",
        ),
        (
            {"credentials": [credential()], "credential_sets": [{"options": [["pid"] * 65]}]},
            "dcql_query.credential_sets[0].options[0]",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_list_has_a_cap(wire, at):
    with pytest.raises(Malformed) as refusal:
        DcqlQuery.from_dict(wire)
    assert refusal.value.at == at


def test_a_refusal_names_the_place_where_the_query_stands():
    with pytest.raises(Malformed) as refusal:
        DcqlQuery.from_dict({"credentials": []}, "use_case.query")
    assert refusal.value.at == "use_case.query.credentials"


@pytest.mark.parametrize("kept", [10**30, "\ud800"], ids=["a number too large", "half a character"])
def test_meta_that_could_not_be_written_again_is_refused(kept):  # T204
    with pytest.raises(Malformed) as refusal:
        read(credential(meta={"foreign": kept}))
    assert refusal.value.at == "dcql_query.credentials[0].meta"


@given(json_values | almost_queries)
def test_no_input_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        query = DcqlQuery.from_dict(value)
        assert DcqlQuery.from_dict(read_json(encode_json(query.to_dict()), "again")) == query
