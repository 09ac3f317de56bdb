"""What a document says that is not so any more is found by what came later, and by nothing else."""

import pytest

from protocol.encoding import encode_json
from protocol.sovereignty.canonical import hash_json
from protocol.sovereignty.usage import Action, UsageEntry
from tests.support.pki import DAY, NOW
from tests.wallet.cockpit import use
from tests.wallet.counterpart_agency import CLAIMS
from tests.wallet.counterparts import held
from tests.wallet.disclosures import disclosure
from wallet.disclosure_records import KnownUse, UsageKnown
from wallet.policy.documents import Document
from wallet.policy.outdated import outdated

CARD = held("card")
MOVED = {**CLAIMS, "address": {"locality": "Bonn", "postal_code": "53111"}}


def proof(*, claims=MOVED, later=DAY, **changes):
    """A proof of residence."""
    text = encode_json(claims).decode()
    return held("proof", name="Proof of residence", claims=text, received_at=NOW + later, **changes)


def found(*others, disclosures=(), document=CARD, language="en"):
    return outdated(Document((document,)), [document, *others], disclosures, language)


def logged(*uses, raw="raw-card-0", issued=True):
    """What whoever issued a document wrote into its log."""
    entries = [
        KnownUse(n, "00" * 32, True, encode_json(UsageEntry("receipt-of-the-card-1", n, one).to_dict()).decode())
        for n, one in enumerate(uses)
    ]
    presentations = (("pid", (hash_json(raw, "credential"),)),)
    return disclosure(issued=issued, presentations=presentations, usage=UsageKnown(uses=tuple(entries)))


def corrected(at=NOW + DAY, action=Action.CORRECTED):
    return use(action, at=at, claims={"pid": (("address", "locality"),)})


def test_another_document_that_came_later_says_where_its_person_lives_now():
    said = found(proof())
    assert (said.labels, said.at, said.document) == (("Address",), NOW + DAY, "Proof of residence")
    assert found(proof(), language="de").labels == ("Anschrift",)


@pytest.mark.parametrize(
    "other",
    [
        proof(later=0),
        proof(claims={**MOVED, "given_name": "Max"}),
        proof(claims={**MOVED, "birthdate": "1999-01-01"}),
        proof(claims={name: value for name, value in MOVED.items() if name != "birthdate"}),
        proof(claims={**CLAIMS, "address": {"locality": "  KÖLN ", "postal_code": "51147"}}),
        proof(claims={**CLAIMS, "address": {"street_address": "Neue Straße 1"}}),
        proof(claims={**CLAIMS, "family_name": "Neumann", "nationalities": ["FR"]}),
    ],
    ids=[
        "not later",
        "another person",
        "another birthday",
        "nobody's",
        "written otherwise",
        "says other data",
        "a name",
    ],
)
def test_nothing_is_said_where_nothing_is_known(other):
    assert found(other) is None


def test_the_newer_document_is_not_the_one_that_is_old():
    assert found(CARD, document=proof()) is None


def test_whoever_issued_it_says_that_they_changed_it_since():
    said = found(disclosures=[logged(use(Action.USED), corrected())])
    assert (said.labels, said.at, said.document) == (("City",), NOW + DAY, "")


@pytest.mark.parametrize(
    "log",
    [
        logged(corrected(at=NOW)),
        logged(corrected(action=Action.VIEWED)),
        logged(corrected(), raw="raw-other-0"),
        logged(corrected(), issued=False),
    ],
    ids=["before it came", "only looked", "another document", "a partner"],
)
def test_a_log_that_says_nothing_of_this_document_changes_nothing(log):
    assert found(disclosures=[log]) is None
