"""Wallets of the people of the demo town: every document in them was issued from the town's register, as it says it is."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from functools import cache
from typing import NamedTuple

import pytest

from hoheit.demo.catalogue import town_catalogue
from issuer.app import SHIPPED_TYPES
from issuer.credential_types import read_types
from issuer.people import read_people
from protocol.credential import VerifiedCredential
from protocol.dcql.match import Candidate
from protocol.dcql.query import MDOC
from protocol.encoding import JsonObject, JsonValue
from protocol.exchange import run
from protocol.formats import Issuance, IssuerSigner, format_of
from protocol.sovereignty.holdings import HeldCredential, Holdings
from protocol.sovereignty.rules import About
from tests.protocol.mdoc.samples import DESK, IACA
from tests.support.pki import LEAF, NOW, Pki, make_pki, seeded, seeded_key
from tests.support.tree import ROOT

TYPES = read_types(SHIPPED_TYPES)
PEOPLE = read_people((ROOT / "hoheit/demo/town/people.csv").read_bytes(), TYPES.values())
TODAY = date(2027, 1, 15)  # of NOW
CATALOGUE = town_catalogue(lambda place: f"https://{place}.town.example")
BY_ID = {service.id: service for service in CATALOGUE}
HOLDER = seeded_key(7)


class Paper(NamedTuple):
    """A document to be held: its type, whose record in the register it is made from, and what is otherwise there."""

    type: str
    subject: str = ""  # empty: the citizen's own
    changes: tuple[tuple[str, JsonValue], ...] = ()  # place in the record, such as address.locality → value


def paper(type_: str, subject: str = "", **changes: JsonValue) -> Paper:
    """A document. In the names of changes two underscores stand for a dot."""
    return Paper(type_, subject, tuple((place.replace("__", "."), value) for place, value in changes.items()))


def holdings(citizen: str, *papers: Paper | str) -> Holdings:
    """What a citizen has in the wallet."""
    held = [_held(citizen, paper(one) if isinstance(one, str) else one) for one in papers]
    return Holdings(held, now=NOW, today=TODAY)


def record_of(subject: str, changes: tuple[tuple[str, JsonValue], ...]) -> Mapping[str, JsonValue]:
    """What the register says of somebody, or would say."""
    record: JsonObject = deepcopy(dict(PEOPLE[subject]))
    for place, value in changes:
        *outer, last = place.split(".")
        inside = record
        for name in outer:
            found = inside[name]
            assert isinstance(found, dict), f"{subject} has nothing below {name}"
            inside = found
        assert last in inside, f"{subject} has no {place} that could be changed"
        inside[last] = value
    return record


class Issued(NamedTuple):
    """A document as its holder has it, bound to `HOLDER`."""

    id: str
    subject: str
    format: str
    raw: str
    verified: VerifiedCredential

    @property
    def candidate(self) -> Candidate:
        """As queries see it."""
        return format_of(self.format).candidate(self.id, self.verified)


@cache
def issued(citizen: str, one: Paper) -> Issued:
    """A document, issued from the register and checked as a wallet checks it."""
    subject = one.subject or citizen
    kind, pki = TYPES[one.type], pki_of(one.type)
    claims = kind.written(kind.claims_for(record_of(subject, one.changes), now=NOW))
    begins, ends = kind.validity(NOW)
    issuance = Issuance(kind.type, claims, kind.frame, HOLDER.public_key, begins, ends, None, kinds=kind.kinds)
    form = format_of(kind.format)
    raw = form.issue(issuance, IssuerSigner(pki.signer, pki.x5c), seeded())
    verified = run(form.verify_issued(raw, anchors=pki.anchors, now=NOW), lambda _: pytest.fail("nothing is fetched"))
    return Issued(f"{one.type} of {subject}", subject, kind.format, raw, verified)


def _held(citizen: str, one: Paper) -> HeldCredential:
    found = issued(citizen, one)
    return HeldCredential(
        found.candidate,
        About.SELF if found.subject == citizen else About.REPRESENTED,
        not_before=found.verified.not_before,
        expires_at=found.verified.expires_at,
    )


@cache
def pki_of(type_: str) -> Pki:
    """Whoever issues a type."""
    kind = TYPES[type_]
    if kind.format == MDOC:
        return make_pki(DESK, root=IACA, types=frozenset({kind.type}))
    return make_pki(LEAF, types=frozenset({kind.type}))
