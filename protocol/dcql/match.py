"""Does what is held, or what was sent, answer a DCQL query, and with which claims (OID4VP 1.0 §6.4, §7)?

The wallet asks `match_query` what it may disclose; the verifier asks `check_answer`, because a wallet's filter proves
nothing. Both walk by the same rules, under a budget that ends what would never end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from protocol.credential import ClaimPath
from protocol.dcql.path import MAX_STEPS, ConcretePath, EvaluationBudget, Selection, select_path, select_shown
from protocol.dcql.query import MDOC, SD_JWT_VC, ClaimsQuery, CredentialQuery, DcqlQuery
from protocol.encoding import JsonObject, JsonValue, encode_base64url
from protocol.errors import AccessDenied, InvalidRequest


@dataclass(frozen=True, slots=True)
class Candidate:
    """A credential as a query sees it: held by a wallet, or verified by a verifier."""

    id: str
    format: str  # credential format identifier
    type: str  # vct, or doctype
    claims: JsonObject  # processed; in an mdoc: namespace → element → value
    authority_key_ids: tuple[bytes, ...]  # of the certificates that it comes with
    holder_bound: bool
    type_ancestry: tuple[str, ...] = ()  # the types that it is good for as well: extended ones, `aka_vcts`


@dataclass(frozen=True, slots=True)
class ClaimMatch:
    """A claim that is asked for, and where the candidate has it."""

    query: ClaimsQuery
    paths: tuple[ConcretePath, ...]


@dataclass(frozen=True, slots=True)
class CandidateMatch:
    """A candidate that fits a credential query, with what it has to disclose. All of it, or the query is not met."""

    candidate: Candidate
    claims: tuple[ClaimMatch, ...]  # empty: nothing is disclosed selectively (T169)
    paths: tuple[ConcretePath, ...]  # of all claims, each once


@dataclass(frozen=True, slots=True)
class SetMatch:
    """A purpose of the query, and the options that can be met, the verifier's favourite first."""

    options: tuple[tuple[str, ...], ...]  # ids of credential queries
    required: bool


@dataclass(frozen=True, slots=True)
class QueryMatch:
    """What can be answered to a query. A query without sets is one required set of all its credentials."""

    matches: Mapping[str, tuple[CandidateMatch, ...]]  # for each credential query, in the order of the candidates
    sets: tuple[SetMatch, ...]
    several: frozenset[str] = frozenset()  # ids of credential queries that more than one credential may answer

    @property
    def satisfied(self) -> bool:
        """Whether every required set can be met, and any set at all; if not, nothing may be disclosed (T168)."""
        return any(found.options for found in self.sets) and _is_met(self.sets)

    @property
    def required(self) -> frozenset[str]:
        """The credential queries that no answer can leave out."""
        sets = (found.options for found in self.sets if found.required and found.options)
        return frozenset().union(*(set(options[0]).intersection(*options[1:]) for options in sets))

    def default_choice(self) -> dict[str, tuple[str, ...]]:
        """The least that answers: for each required set its first option, for each query its first candidate.

        Optional sets are left out; where nothing is required, the choice is empty and has to be made by the user.

        Raises:
            AccessDenied: a required set cannot be met.
        """
        self._check_satisfied()
        ids = (query_id for found in self.sets if found.required for query_id in found.options[0])
        return {query_id: (self.matches[query_id][0].candidate.id,) for query_id in ids}

    def choose(self, chosen: Mapping[str, Sequence[str]]) -> dict[str, tuple[CandidateMatch, ...]]:
        """What is to be disclosed when these candidates are chosen, by id for each credential query.

        Raises:
            AccessDenied: a required set cannot be met, whatever is chosen.
            InvalidRequest: nothing is chosen, a required set is not met by this choice, a candidate does not fit its
                query, or something was chosen that completes no option.
        """
        self._check_satisfied()
        if not chosen:
            raise InvalidRequest("choice: is empty")
        complete: set[str] = set()
        for found in self.sets:
            options = [option for option in found.options if all(query_id in chosen for query_id in option)]
            if found.required and not options:
                raise InvalidRequest("choice: leaves out what is required")
            complete.update(*options)
        if not complete.issuperset(chosen):
            raise InvalidRequest("choice: has a credential that completes nothing that was asked")
        return {query_id: self._chosen(query_id, candidate_ids) for query_id, candidate_ids in chosen.items()}

    def _chosen(self, query_id: str, candidate_ids: Sequence[str]) -> tuple[CandidateMatch, ...]:
        by_id = {match.candidate.id: match for match in self.matches[query_id]}
        if not candidate_ids or len(set(candidate_ids)) != len(candidate_ids):
            raise InvalidRequest("choice: must name each credential once")
        if len(candidate_ids) > 1 and query_id not in self.several:
            raise InvalidRequest("choice: must name one credential")
        if not by_id.keys() >= set(candidate_ids):
            raise InvalidRequest("choice: has a credential that was not asked")
        return tuple(by_id[candidate_id] for candidate_id in candidate_ids)

    def _check_satisfied(self) -> None:
        if not self.satisfied:
            raise AccessDenied("nothing that is held answers this query")


def match_query(query: DcqlQuery, candidates: Iterable[Candidate], *, steps: int = MAX_STEPS) -> QueryMatch:
    """Find what answers a query: for each credential query the candidates that fit, and for each set its options.

    Raises:
        InvalidRequest: the query takes more steps than we give it (T198, T200, T201).
    """
    budget = EvaluationBudget(steps)
    held = tuple(candidates)
    matches: dict[str, tuple[CandidateMatch, ...]] = {}
    for asked in query.credentials:
        budget.spend(len(held) + 1)
        fitting = []
        for candidate in held:
            if _unfit(asked, candidate, budget) is None:
                claims = _match_claims(asked, candidate, select_path, budget)
                if claims is not None:
                    paths = dict.fromkeys([path for claim in claims for path in claim.paths])
                    fitting.append(CandidateMatch(candidate, claims, tuple(paths)))
        matches[asked.id] = tuple(fitting)
    several = frozenset([asked.id for asked in query.credentials if asked.multiple])
    return QueryMatch(matches, _match_sets(query, matches, budget), several)


def check_answer(
    query: DcqlQuery, presented: Mapping[str, Sequence[Candidate]], *, steps: int = MAX_STEPS
) -> dict[str, tuple[AnsweredClaims, ...]]:
    """Check that verified credentials, by the credential query that they answer, are what was asked; what of each was.

    More than was asked is not refused here; see `AnsweredClaims.surplus`.

    Raises:
        InvalidRequest: an answer to nothing, too many (T176), a credential that does not fit its query (T188), a
            required one missing (T177), or more steps than we give.
    """
    budget = EvaluationBudget(steps)
    by_id = {asked.id: asked for asked in query.credentials}
    if not presented:
        raise InvalidRequest("vp_token: is empty")
    answered: dict[str, tuple[AnsweredClaims, ...]] = {}
    for query_id, candidates in presented.items():
        asked = by_id.get(query_id)
        if asked is None:
            raise InvalidRequest("vp_token: answers a query that was not asked")
        if not candidates:
            raise InvalidRequest(f"vp_token.{query_id}: has no presentation")
        if len(candidates) > 1 and not asked.multiple:
            raise InvalidRequest(f"vp_token.{query_id}: must have one presentation")
        budget.spend(len(candidates))
        found = []
        for candidate in candidates:
            problem = _unfit(asked, candidate, budget)
            if problem is not None:
                raise InvalidRequest(f"vp_token.{query_id}: {problem}")
            matches = _match_claims(asked, candidate, select_shown, budget)
            if matches is None:
                raise InvalidRequest(f"vp_token.{query_id}: does not have the claims that were asked")
            found.append(AnsweredClaims(candidate.claims, _asked_tree(matches)))
        answered[query_id] = tuple(found)
    if not _is_met(_match_sets(query, presented, budget)):
        raise InvalidRequest("vp_token: a required credential is missing")
    return answered


# Paths as a tree: the steps below a container, or None where everything below is asked.
_Tree = dict[str | int, "_Tree | None"]


@dataclass(frozen=True, slots=True)
class AnsweredClaims:
    """The claims of a presented credential, and where among them stands what was asked."""

    _claims: JsonObject
    _asked: _Tree

    def selected(self) -> JsonObject:
        """The claims that were asked and no others, nested as they were; arrays keep only the elements asked (T189)."""
        return _reduce_object(self._claims, self._asked)

    def surplus(self, disclosed_paths: Iterable[ClaimPath]) -> tuple[ClaimPath, ...]:
        """What was disclosed selectively though nobody asked for it (T189); of nested disclosures only the innermost.

        A container around an asked claim had to be disclosed, and whatever is inside an asked claim was asked.
        """
        surplus = [path for path in disclosed_paths if not _is_asked(path, self._asked)]
        containers = {path[:length] for path in surplus for length in range(1, len(path))}
        return tuple([path for path in surplus if path not in containers])


_Select = Callable[[JsonValue, ClaimPath, EvaluationBudget], Selection]


def _unfit(query: CredentialQuery, candidate: Candidate, budget: EvaluationBudget) -> str | None:
    """Why a candidate cannot answer a query, whatever its claims are; None if it can."""
    if candidate.format != query.format:
        return "has another format than was asked"
    if not _has_type(query, candidate):
        return "has another type than was asked"
    if query.holder_binding and not candidate.holder_bound:
        return "is not bound to a holder"
    if query.trusted_authorities and not _has_authority(query, candidate, budget):
        return "comes from none of the authorities that were asked"
    return None


def _has_type(query: CredentialQuery, candidate: Candidate) -> bool:
    meta = query.meta
    if query.format == SD_JWT_VC and meta.vct_values:
        # B.3.5: a type that extends the one that is asked is good as well
        return candidate.type in meta.vct_values or not set(candidate.type_ancestry).isdisjoint(meta.vct_values)
    if query.format == MDOC and meta.doctype_value is not None:
        return candidate.type == meta.doctype_value
    # §6.1: an empty meta asks for no particular type
    return query.format in (SD_JWT_VC, MDOC) and meta.is_empty


def _has_authority(query: CredentialQuery, candidate: Candidate, budget: EvaluationBudget) -> bool:
    # §6.1.1.1; lists and federations are for the verifier itself to look up, so they never match here
    budget.spend(sum([len(entry.values) for entry in query.trusted_authorities]))
    held = {encode_base64url(key_id) for key_id in candidate.authority_key_ids}
    return any(entry.type == "aki" and not held.isdisjoint(entry.values) for entry in query.trusted_authorities)


def _match_claims(
    query: CredentialQuery, candidate: Candidate, select: _Select, budget: EvaluationBudget
) -> tuple[ClaimMatch, ...] | None:
    """The claims that a candidate has to disclose; None if it does not have what is asked (§6.4.1)."""
    if not query.claim_sets:
        matches = []
        for claim in query.claims:
            match = _match_claim(claim, candidate, select, budget)
            if match is None:
                return None
            matches.append(match)
        return tuple(matches)
    by_id = {claim.id: claim for claim in query.claims}
    known: dict[str, ClaimMatch | None] = {}
    # the first that fits, in the verifier's order, and no search for a better one (T201)
    for ids in query.claim_sets:
        chosen = []
        for claim_id in ids:
            budget.spend(1)
            if claim_id not in known:
                known[claim_id] = _match_claim(by_id[claim_id], candidate, select, budget)
            match = known[claim_id]
            if match is None:
                break
            chosen.append(match)
        else:
            return tuple(chosen)
    return None


def _match_claim(
    claim: ClaimsQuery, candidate: Candidate, select: _Select, budget: EvaluationBudget
) -> ClaimMatch | None:
    selected = select(candidate.claims, claim.path, budget)
    if claim.values:
        budget.spend(len(claim.values))
        # §6.3: type and value both match exactly; to Python alone, True is 1 and 1 is 1.0
        wanted = {(type(value), value) for value in claim.values}
        selected = [
            (at, value) for at, value in selected if isinstance(value, str | int) and (type(value), value) in wanted
        ]
    return ClaimMatch(claim, tuple([at for at, _ in selected])) if selected else None


def _match_sets(
    query: DcqlQuery, answered: Mapping[str, Sequence[object]], budget: EvaluationBudget
) -> tuple[SetMatch, ...]:
    if not query.credential_sets:
        # §6.4.2: without sets, every query is required
        everything = tuple([asked.id for asked in query.credentials])
        return (SetMatch((everything,) if all(map(answered.get, everything)) else (), required=True),)
    found = []
    for asked in query.credential_sets:
        budget.spend(sum(map(len, asked.options)))
        options = tuple([option for option in asked.options if all(map(answered.get, option))])
        found.append(SetMatch(options, asked.required))
    return tuple(found)


def _is_met(sets: Iterable[SetMatch]) -> bool:
    return all(found.options for found in sets if found.required)


def _asked_tree(matches: Iterable[ClaimMatch]) -> _Tree:
    tree: _Tree = {}
    for match in matches:
        for path in match.paths:
            _plant(tree, path)
    return tree


def _plant(tree: _Tree, path: ConcretePath) -> None:
    node = tree
    for step in path[:-1]:
        below = node.setdefault(step, {})
        if below is None:
            return
        node = below
    node[path[-1]] = None


def _is_asked(path: ClaimPath, tree: _Tree) -> bool:
    node: _Tree | None = tree
    for step in path:
        if node is None:
            return True
        if step is None or step not in node:
            return False
        node = node[step]
    return True


def _reduce_object(claims: JsonObject, tree: _Tree) -> JsonObject:
    return {name: _reduce(claims[name], below) for name, below in tree.items() if isinstance(name, str)}


def _reduce(value: JsonValue, tree: _Tree | None) -> JsonValue:
    if tree is None:
        return value
    if isinstance(value, dict):
        return _reduce_object(value, tree)
    if isinstance(value, list):
        return [_reduce(item, tree[i]) for i, item in enumerate(value) if i in tree]
    return value
