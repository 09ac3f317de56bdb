"""Who lives in the demo town of Lindenau. All people and offices are invented."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TOWN = "Lindenau"
BELONGINGS = Path(__file__).parent / "town"
PEOPLE = BELONGINGS / "people.csv"
USE_CASES = BELONGINGS / "use_cases"  # that partners here have beside the shipped ones
ATTESTED = BELONGINGS / "attested.toml"  # what some types here ask of keys beside what is shipped
CITIZEN = "erika"  # whose wallet the demo walks through
CITIZEN_NAME = "Erika Mustermann"
CLERK = "Frau Beck"  # who works at every desk
WALLET_HOST = "wallet"  # first label of the host name of her wallet
OPERATOR = "Herr Amt"  # who decides at every register


@dataclass(frozen=True, slots=True)
class Register:
    """Who says who may ask and who may issue."""

    id: str  # first label of its host name, and its folder
    name: tuple[tuple[str, str], ...]  # language → name
    identifier: str

    @property
    def email(self) -> str:
        """Where people write to."""
        return f"post@{self.id}.example"


REGISTER = Register("register", (("de", f"Registerstelle {TOWN}"), ("en", f"{TOWN} register")), "NTRDE-HRA 1")
EDUCATION = Register("bildung", (("de", "Plattform für Bildung"), ("en", "Platform for education")), "NTRDE-HRA 2")
HEALTH = Register("gesundheit", (("de", "Plattform für Gesundheit"), ("en", "Platform for health")), "NTRDE-HRA 3")
SECTORS = (EDUCATION, HEALTH)  # each keeps a register of its own, which the town's register names


@dataclass(frozen=True, slots=True)
class Provider:
    """Who vouches for wallets."""

    id: str
    name: tuple[tuple[str, str], ...]
    identifier: str


PROVIDER = Provider("wallets", (("de", f"Stadtwerke {TOWN}"), ("en", f"{TOWN} utilities")), "NTRDE-HRA 4")


@dataclass(frozen=True, slots=True)
class Agency:
    """An office that issues credentials."""

    id: str  # first label of its host name, and its folder
    name: tuple[tuple[str, str], ...]  # language → name
    types: tuple[str, ...]
    identifier: str
    entitlements: tuple[str, ...]
    register: Register = REGISTER  # where it is registered
    attested: tuple[str, ...] = ()  # types that it binds only to keys that a wallet provider vouches for


@dataclass(frozen=True, slots=True)
class Partner:
    """Somebody who asks for proofs."""

    id: str
    name: tuple[tuple[str, str], ...]
    use_cases: tuple[str, ...]
    identifier: str
    register: Register = REGISTER


CITY_OFFICE = Agency(
    "buergeramt",
    (("de", f"Bürgeramt {TOWN}"), ("en", f"{TOWN} city office")),
    (
        "pid",
        "residence",
        "disability-card",
        "mdl",
        "birth-certificate",
        "marriage-certificate",
        "death-certificate",
        "business-registration",
        "parking-permit",
        "representation-parent",
    ),
    "NTRDE-HRA 10",
    ("PID_Provider", "PUB_EAA_Provider"),
    attested=("pid",),
)
UNIVERSITY = Agency(
    "universitaet",
    (("de", f"Universität {TOWN}"), ("en", f"University of {TOWN}")),
    ("diploma", "library-card"),
    "NTRDE-HRA 11",
    ("Non_Q_EAA_Provider",),
    EDUCATION,
)
LIBRARY = Partner(
    "buecherei",
    (("de", f"Stadtbücherei {TOWN}"), ("en", f"{TOWN} city library")),
    ("library-sign-up", "over-18", "child-card"),
    "NTRDE-HRA 20",
)
CINEMA = Partner("kino", (("de", "Kino Capitol"), ("en", "Capitol cinema")), ("over-18",), "NTRDE-HRB 4711")
PHARMACY = Partner(
    "apotheke", (("de", "Linden-Apotheke"), ("en", "Linden pharmacy")), ("medicine", "degree"), "NTRDE-HRB 4712", HEALTH
)
CAR_SHARING = Partner(
    "stadtteilauto",
    (("de", f"Stadtteilauto {TOWN}"), ("en", f"{TOWN} car sharing")),
    ("driving-licence",),
    "NTRDE-VR 78",
)
FAMILY_OFFICE = Agency(
    "familienamt",
    (("de", f"Familienamt {TOWN}"), ("en", f"{TOWN} family office")),
    ("child-benefit", "parental-allowance", "kita-place"),
    "NTRDE-HRA 12",
    ("PUB_EAA_Provider",),
)
HEALTH_FUND = Agency(
    "lindenkasse",
    (("de", "Lindenkasse"), ("en", "Linden health fund")),
    ("health-insurance",),
    "NTRDE-HRA 13",
    ("PUB_EAA_Provider",),
)
WORK_OFFICE = Agency(
    "arbeitsamt",
    (("de", f"Amt für Arbeit und Rente {TOWN}"), ("en", f"{TOWN} office for work and pensions")),
    ("income", "employment", "unemployment-benefit", "pension"),
    "NTRDE-HRA 14",
    ("PUB_EAA_Provider",),
)
STUDENT_OFFICE = Agency(
    "studium",
    (("de", f"Studienwerk {TOWN}"), ("en", f"{TOWN} student services")),
    ("enrolment", "student-aid"),
    "NTRDE-HRA 15",
    ("PUB_EAA_Provider",),
)
BANK = Agency(
    "bank",
    (("de", f"Sparkasse {TOWN}"), ("en", f"{TOWN} savings bank")),
    ("bank-account",),
    "NTRDE-HRA 16",
    ("Non_Q_EAA_Provider",),
)
# Appoints guardians, and keeps the register of companies
COURT = Agency(
    "gericht",
    (("de", f"Amtsgericht {TOWN}"), ("en", f"{TOWN} district court")),
    ("representation-guardian", "representation-employee"),
    "NTRDE-HRA 17",
    ("PUB_EAA_Provider",),
)
AGENCIES = (CITY_OFFICE, UNIVERSITY, FAMILY_OFFICE, HEALTH_FUND, WORK_OFFICE, STUDENT_OFFICE, BANK, COURT)
RELAY = LIBRARY  # who carries messages for wallets that show in person
PARTNERS = (LIBRARY, CINEMA, PHARMACY, CAR_SHARING)


def _counter(id_: str, agency: Agency) -> Partner:
    """Where somebody who issues takes applications: the same office, at an address of its own."""
    return Partner(id_, agency.name, (), agency.identifier, agency.register)


TOWN_HALL = _counter("rathaus", CITY_OFFICE)
FAMILIES = _counter("familie", FAMILY_OFFICE)
HEALTH_COUNTER = _counter("kasse", HEALTH_FUND)
WORK = _counter("arbeit", WORK_OFFICE)
SAVINGS = _counter("sparkasse", BANK)
STUDENTS = _counter("studienwerk", STUDENT_OFFICE)
POWER = Partner("lindenstrom", (("de", "Lindenstrom"), ("en", "Linden power")), (), "NTRDE-HRB 4720")
INSURER = Partner("versicherung", (("de", "Linden-Versicherung"), ("en", "Linden insurance")), (), "NTRDE-HRB 4721")
COURSES = Partner("lernwerk", (("de", f"Lernwerk {TOWN}"), ("en", f"{TOWN} learning works")), (), "NTRDE-HRB 4722")
GYMNASTS = Partner("turnverein", (("de", f"Turnverein {TOWN}"), ("en", f"{TOWN} gymnastics club")), (), "NTRDE-VR 79")
# Who takes applications and nothing else; what they offer stands in `town/services`
COUNTERS = (TOWN_HALL, FAMILIES, HEALTH_COUNTER, WORK, STUDENTS, SAVINGS, POWER, INSURER, COURSES, GYMNASTS)
PUBLIC = (TOWN_HALL, FAMILIES, HEALTH_COUNTER, WORK, STUDENTS)  # of those, the offices; the others are third parties
PROVIDING = (*COUNTERS, CAR_SHARING, CINEMA)  # whose services stand in the town's catalogue
REGISTERS = (REGISTER, *SECTORS)

# With whom something goes wrong, so that it can be tried by hand
VIDEO_SHOP = Partner(
    "videothek", (("de", "Videothek Neugier"), ("en", "Curious video shop")), ("member",), "NTRDE-HRB 4713"
)
PRIZE_DRAW = Partner(
    "gewinnspiel", (("de", "Glückspilz-Gewinnspiel"), ("en", "Lucky prize draw")), ("name",), "NTRDE-HRB 4714"
)
CAR_RENTAL = Partner(
    "autoverleih", (("de", "Autoverleih Flott"), ("en", "Speedy car rental")), ("name",), "NTRDE-HRB 4715"
)
# Asks for the sports club, which has no page of its own
FORM_SERVICE = Partner(
    "formulardienst", (("de", "Formulardienst Flink"), ("en", "Nimble form service")), ("name",), "NTRDE-HRB 4716"
)
SPORTS_CLUB = Partner(
    "sportverein", (("de", f"Sportverein {TOWN}"), ("en", f"{TOWN} sports club")), ("name",), "NTRDE-VR 77"
)
COLLEGE = Agency(
    "fernschule",
    (("de", "Fernschule Blitz"), ("en", "Lightning college")),
    ("diploma",),
    "NTRDE-HRB 4717",
    ("Non_Q_EAA_Provider",),
)
REGISTERED_TYPES = ("library-card",)  # what the college may give; it offers something else
ODD_PARTNERS = (VIDEO_SHOP, PRIZE_DRAW, CAR_RENTAL, FORM_SERVICE)
