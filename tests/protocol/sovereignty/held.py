"""Wallets to test with."""

from datetime import date

from protocol.dcql.match import Candidate
from protocol.dcql.query import MDOC, SD_JWT_VC
from protocol.sovereignty.holdings import HeldCredential, Holdings
from protocol.sovereignty.rules import About
from tests.support.pki import DAY, NOW

TODAY = date(2027, 1, 15)  # of NOW
PID = "urn:eudi:pid:1"
BIRTH = "urn:town:birth:1"
STUDENT = "urn:university:student:1"
LICENCE = "org.iso.18013.5.1.mDL"


def holding(id_, type_, claims, *, about=About.SELF, ancestry=(), **times) -> HeldCredential:
    """A credential in the wallet; what it says of its type decides its format."""
    held_format = MDOC if type_ == LICENCE else SD_JWT_VC
    candidate = Candidate(id_, held_format, type_, claims, (), holder_bound=True, type_ancestry=ancestry)
    return HeldCredential(candidate, about, **times)


def wallet(*held, today=TODAY, now=NOW):
    """Everything that is held."""
    return Holdings(held, now=now, today=today)


ERIKA = holding("pid", PID, {"given_name": "Erika", "birthdate": "1990-08-12", "nationalities": ["DE", "FR"]})
MIA = holding("mia", BIRTH, {"given_name": "Mia", "birthdate": "2026-11-02"}, about=About.REPRESENTED)
TOM = holding("tom", BIRTH, {"given_name": "Tom", "birthdate": "2015-03-01"}, about=About.REPRESENTED)
ENROLLED = holding("student", STUDENT, {"semester": 3, "income": 4800.5}, expires_at=NOW + DAY)
EXMATRICULATED = holding("old", STUDENT, {"semester": 8}, expires_at=NOW)
DRIVER = holding(
    "licence",
    LICENCE,
    {
        "org.iso.18013.5.1": {
            "birth_date": "1990-08-12",
            "driving_privileges": [{"vehicle_category_code": "AM"}, {"vehicle_category_code": "B"}],
        }
    },
)


def condition(path, comparison, value=None, *, type_=PID, because="because", **claim):
    """The wire form of a condition; a path is a name, or all of its steps."""
    steps = [path] if isinstance(path, str) else path
    place = {"doctype" if type_ == LICENCE else "vct": type_, "path": steps}
    made = {"claim": {"any": [place], **claim}, "is": comparison, "because": {"en": because}}
    return made if value is None else {**made, "value": value}


def child(path, comparison, value=None, name="child"):
    """One about a child, with a name by which conditions speak of the same one."""
    return condition(path, comparison, value, type_=BIRTH, about="represented", **{"as": name})
