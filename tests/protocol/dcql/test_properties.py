import contextlib
import json

from hypothesis import assume, given
from hypothesis import strategies as st

from protocol.dcql.match import check_answer, match_query
from protocol.dcql.query import ClaimsQuery, CredentialMeta, CredentialQuery, CredentialSetQuery, DcqlQuery
from protocol.errors import InvalidRequest, ProtocolError
from tests.protocol.dcql.samples import answered, held, reduced

names = st.sampled_from(("a", "b", "c", "cnf", "_sd"))
scalars = st.sampled_from(("x", "y", "", 0, 1, 1.0, True, False, None))
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=3), max_leaves=20
)
documents_of_claims = st.dictionaries(names, documents, min_size=1, max_size=4)
claim_paths = st.lists(names | st.none() | st.integers(0, 4), min_size=1, max_size=4).map(tuple)


@st.composite
def paths_into(draw, value):
    """A path that leads somewhere, mostly."""
    path = []
    while True:
        if isinstance(value, dict) and value:
            step = draw(st.sampled_from(sorted(value)))
            path.append(step)
        elif isinstance(value, list) and value:
            step = draw(st.integers(0, len(value) - 1))
            path.append(draw(st.sampled_from((step, None))))
        else:
            break
        value = value[step]
        if draw(st.booleans()):
            break
    return tuple(path)


@st.composite
def questions(draw):
    claims = draw(documents_of_claims)
    asked_claims = [
        ClaimsQuery(
            draw(paths_into(claims) | paths_into(claims) | claim_paths),
            str(i),
            tuple(draw(st.just([]) | st.lists(st.sampled_from(("x", "y", 0, 1, True, False)), max_size=3))),
        )
        for i in range(draw(st.integers(0, 4)))
    ]
    ids = st.lists(st.sampled_from([claim.id for claim in asked_claims]), min_size=1) if asked_claims else st.nothing()
    credential_sets = st.lists(ids.map(tuple), max_size=3).map(tuple) if asked_claims else st.just(())
    query = CredentialQuery("q", "dc+sd-jwt", CredentialMeta(), tuple(asked_claims), draw(credential_sets))
    return query, held(claims)


@given(questions())
def test_what_the_wallet_discloses_is_what_the_verifier_accepts(question):
    query, candidate = question
    whole = DcqlQuery((query,))
    match = match_query(whole, [candidate])
    assume(match.satisfied)
    (chosen,) = match.choose(match.default_choice())["q"]
    shown = reduced(candidate.claims, chosen.paths) if chosen.paths else {}
    for claims in (shown, candidate.claims):
        check_answer(whole, {"q": [held(claims)]})
    leaves = [path for path in every_path(shown) if path]
    assert answered(query, held(shown)).surplus(leaves) == () or query.claim_sets
    assert answered(query, held(shown)).selected() == shown or query.claim_sets


def every_path(value, at=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield at
    for step, item in items:
        yield from every_path(item, (*at, step))


@given(st.lists(questions(), min_size=1, max_size=4), st.data())
def test_every_choice_is_an_answer(asked_questions, data):
    credentials = tuple(
        CredentialQuery(f"q{i}", q.format, q.meta, q.claims, q.claim_sets, multiple=data.draw(st.booleans()))
        for i, (q, _) in enumerate(asked_questions)
    )
    ids = st.lists(st.sampled_from([credential.id for credential in credentials]), min_size=1, max_size=3)
    a_set = st.builds(CredentialSetQuery, st.lists(ids.map(tuple), min_size=1, max_size=3).map(tuple), st.booleans())
    query = DcqlQuery(credentials, tuple(data.draw(st.lists(a_set, max_size=3))))
    match = match_query(query, [held(c.claims, str(i)) for i, (_, c) in enumerate(asked_questions)])
    assume(match.satisfied)
    wishes = data.draw(
        st.dictionaries(st.sampled_from([c.id for c in credentials]), st.lists(st.sampled_from("0123"), max_size=2))
    )
    if any(found_set.required for found_set in match.sets):
        match.choose(match.default_choice())
    for chosen in (match.default_choice(), wishes):
        try:
            answer = match.choose(chosen)
        except InvalidRequest:
            continue
        check_answer(query, {query_id: [m.candidate for m in matches] for query_id, matches in answer.items()})


@given(questions(), documents_of_claims, st.lists(claim_paths), st.sampled_from(("q", "r")))
def test_no_answer_escapes_the_error_family(question, claims, disclosed, query_id):
    query, _ = question
    with contextlib.suppress(ProtocolError):
        for found in check_answer(DcqlQuery((query,)), {query_id: [held(claims)]})[query_id]:
            assert set(found.surplus(disclosed)) <= set(disclosed)
            json.dumps(found.selected())
