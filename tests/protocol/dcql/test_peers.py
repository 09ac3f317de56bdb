import pytest

from protocol.dcql.match import Candidate, match_query
from protocol.dcql.query import DcqlQuery
from tests.protocol.dcql.samples import answered, found, held, read, reduced
from tests.support.vectors import read_vector


def from_vector(number, credential):
    return Candidate(
        id=str(number),
        format=credential["format"],
        type=credential.get("vct") or credential.get("doctype") or "",
        claims=credential.get("claims") or credential.get("namespaces") or {},
        authority_key_ids=(),
        holder_bound=True,
    )


def without_gaps(value):
    """Vectors mark elements that were not selected with null."""
    if isinstance(value, dict):
        return {name: without_gaps(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_gaps(item) for item in value if item is not None]
    return value


def vector_cases(file):
    return pytest.mark.parametrize("case", read_vector(f"dcql/{file}")["cases"], ids=lambda case: case["name"])


@vector_cases("query-cases.json")
def test_queries_of_peers_find_the_same_credentials(case):
    query = DcqlQuery.from_dict(case["query"])
    candidates = [from_vector(i, credential) for i, credential in enumerate(case["credentials"])]
    match = match_query(query, candidates)
    assert match.satisfied is case["can_be_satisfied"]
    for asked_query in query.credentials:
        expected = case.get("matches", {}).get(asked_query.id)
        assert [m.candidate.id for m in match.matches[asked_query.id]] == (
            [str(expected["credential_index"])] if expected else []
        )
        if expected:
            presented = match.matches[asked_query.id][0].candidate
            assert answered(asked_query, presented).selected() == expected["disclosed"]


@vector_cases("claims-cases.json")
def test_claims_are_selected_as_peers_select_them(case):
    wire = {"id": "c", "format": case["format"], "meta": {}}
    query = read(wire | {name: case[name] for name in ("claims", "claim_sets") if name in case})
    candidate = held(case["data"], format=case["format"], type="any")
    matches = found(query, candidate)
    assert bool(matches) is case["success"]
    if matches:
        valid = [query.credentials[0].claims[i] for i in case.get("valid_claim_indexes", ())]
        assert [claim.query for claim in matches[0].claims] == valid
        assert reduced(case["data"], matches[0].paths) == without_gaps(case["disclosed"])


@vector_cases("credential-set-cases.json")
def test_sets_offer_the_options_that_peers_offer(case):
    query = DcqlQuery.from_dict(case["query"])
    match = match_query(query, [from_vector(c["name"], c) for c in case["credentials"]])
    assert match.satisfied is case["can_be_satisfied"]
    if match.satisfied:
        # peers leave out the sets that cannot be met
        sets = [found_set for found_set in match.sets if found_set.options]
        assert [
            {"required": s.required, "options": [[as_vector(match.matches[i]) for i in option] for option in s.options]}
            for s in sets
        ] == case["satisfiable_sets"]


def as_vector(matches):
    return [{"credential": m.candidate.id, "claim_paths": [list(path) for path in m.paths]} for m in matches]
