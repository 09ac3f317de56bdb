"""What is held, as rules and needs of services see it: by what was verified when it came. Nobody is asked anything here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from protocol.dcql.match import Candidate
from protocol.encoding import JsonObject, JsonValue
from protocol.sovereignty.holdings import HeldCredential as CountedCredential
from protocol.sovereignty.holdings import Holdings
from protocol.sovereignty.rules import About, CredentialType
from wallet.policy.documents import document_id
from wallet.records import HeldCredential

PID_TYPES = ("urn:eudi:pid:", "eu.europa.ec.eudi.pid.")  # how the types of documents begin that say who the citizen is
_BORN = frozenset(("birthdate", "birth_date", "date_of_birth"))
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DEPTH = 4  # of a document, in which dates of birth are looked for


def holdings_of(held: Iterable[HeldCredential], marks: Mapping[str, About], *, now: int, today: date) -> Holdings:
    """What counts. `marks`: document → whom it is about, as the citizen said; that wins over what it looks like.

    Whether somebody trusts an issuer still is looked at when a document is shown; here it is a hint.
    """
    held = tuple(held)
    others = seem_about_others(held)
    return Holdings(
        [
            _counted(one, marks.get(document_id(one), None if document_id(one) in others else About.SELF))
            for one in held
        ],
        now=now,
        today=today,
    )


def seem_about_others(held: Iterable[HeldCredential]) -> frozenset[str]:
    """The documents that seem to be about somebody else: whoever they speak of was born on another day than the citizen.

    A child's birth certificate must not make a child of a parent. Where nothing says when the citizen was born, none does.
    """
    held = tuple(held)
    own = born(held)
    if not own:
        return frozenset()
    found = set()
    for one in held:
        births = frozenset(_births(one.read_claims(), _DEPTH))
        if births and births.isdisjoint(own):
            found.add(document_id(one))
    return frozenset(found)


def born(held: Iterable[HeldCredential]) -> frozenset[str]:
    """The dates of birth of the citizen, by what says who they are; empty: nothing does."""
    return frozenset(
        [date for one in held if one.type.startswith(PID_TYPES) for date in _births(one.read_claims(), _DEPTH)]
    )


def types_of(held: HeldCredential) -> tuple[CredentialType, ...]:
    """Every type that a document is good for."""
    return tuple(
        [CredentialType(held.format, name) for name in dict.fromkeys((held.type, *_ancestry(held.read_claims())))]
    )


def _counted(held: HeldCredential, about: About | None) -> CountedCredential:
    claims = held.read_claims()
    starts = claims.get("nbf")
    return CountedCredential(
        Candidate(
            id=held.id,
            format=held.format,
            type=held.type,
            claims=claims,
            # Who may have issued it is for the request that wants to know: no catalogue is a reason to look into certificates
            authority_key_ids=(),
            holder_bound=all(copy.key for copy in held.copies),
            type_ancestry=_ancestry(claims),
        ),
        about,
        not_before=starts if isinstance(starts, int) and not isinstance(starts, bool) else None,
        expires_at=held.expires_at or None,
        revoked=held.status in ("invalid", "suspended"),
    )


def _ancestry(claims: JsonObject) -> tuple[str, ...]:
    named = claims.get("aka_vcts")
    return tuple([name for name in named if isinstance(name, str)]) if isinstance(named, list) else ()


def _births(value: JsonValue, depth: int) -> Iterator[str]:
    if not isinstance(value, dict) or not depth:
        return
    for name, item in value.items():
        if name in _BORN and isinstance(item, str) and _DATE.fullmatch(item):
            yield item
        else:
            yield from _births(item, depth - 1)
