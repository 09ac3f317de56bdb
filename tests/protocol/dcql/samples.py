"""A credential and the questions that tests ask of it."""

from dataclasses import replace

from protocol.dcql.match import Candidate, check_answer, match_query
from protocol.dcql.query import DcqlQuery

PID = "urn:eudi:pid:1"
ERIKA = {
    "vct": PID,
    "name": "Erika",
    "address": {"street": "Heidestraße 17", "city": "Köln"},
    "nationalities": ["DE", "FR", "AT"],
    "degrees": [{"type": "BSc", "year": 1}, {"type": "MSc", "year": 1.0}, {"type": "PhD", "year": True}],
    "null": None,
}


def asked(*paths, query_id="pid", **members):
    claims = [path if isinstance(path, dict) else {"path": path} for path in paths]
    wire = {"id": query_id, "format": "dc+sd-jwt", "meta": {"vct_values": [PID]}, **members}
    return wire | ({"claims": claims} if claims else {})


def read(*credentials, **members):
    return DcqlQuery.from_dict({"credentials": [*credentials], **members})


def held(claims=ERIKA, candidate_id="erika", **members):
    usual = Candidate(candidate_id, "dc+sd-jwt", PID, claims, authority_key_ids=(), holder_bound=True)
    return replace(usual, **members)


def answered(query, candidate):
    """What of a credential answers this credential query, which asks for nothing else."""
    [claims] = check_answer(DcqlQuery((query,)), {query.id: [candidate]})[query.id]
    return claims


def found(query, *candidates):
    return match_query(query, candidates).matches[query.credentials[0].id]


def paths(query, *candidates):
    return [match.paths for match in found(query, *candidates)]


def reduced(value, disclosed):
    """What is left of claims when every member and every element that is not disclosed is hidden."""
    if () in disclosed:
        return value
    below: dict[object, list[tuple[object, ...]]] = {}
    for first, *rest in disclosed:
        below.setdefault(first, []).append(tuple(rest))
    if isinstance(value, dict):
        return {name: reduced(item, below[name]) for name, item in value.items() if name in below}
    return [reduced(item, below[i]) for i, item in enumerate(value) if i in below]


TWO = (asked(["name"], query_id="a"), asked(["degree"], query_id="b"), asked(query_id="c"))


def sets(*options):
    return [{"options": list(option[:-1]), "required": option[-1]} for option in options]
