"""What an issuer writes about its use of the register, into the logs that the citizen reads (docs/sovereignty/usage.md).

A document that came with a cockpit key has a receipt, and what is done with its person's data afterwards is written there.
Never a value, never who of the agency it was. Here stands by what words it is told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from issuer.credential_types import CredentialType
from issuer.policy import Reason
from issuer.records import CredentialState
from issuer.usage_records import Seen
from protocol.credential import ClaimPath
from protocol.formats import format_of
from protocol.sovereignty.wording import Wording
from protocol.trust.localized import Localized


class By(StrEnum):
    """Who uses the register: a place or a system, never an employee."""

    SERVICE = "service"  # ours, by itself
    CLERK = "clerk"  # at the desk
    PROGRAM = "program"  # of the agency, by the API
    OPERATOR = "operator"  # at the command line


_NAMES = {
    "de": {
        By.SERVICE: "Ausstellungsdienst, automatisch",
        By.CLERK: "Sachbearbeitung",
        By.PROGRAM: "Programm, über die Schnittstelle",
        By.OPERATOR: "Betrieb des Ausstellungsdienstes",
    },
    "en": {
        By.SERVICE: "issuing service, automatically",
        By.CLERK: "clerk",
        By.PROGRAM: "program, through the interface",
        By.OPERATOR: "operators of the issuing service",
    },
}


def name_of(by: By, language: str) -> str:
    """How a log calls them, in the agency's own language."""
    return _NAMES.get(language, _NAMES["en"])[by]


def claims_seen(types: Mapping[str, CredentialType], places: Collection[ClaimPath]) -> Seen:
    """What some places of the register are called in each type of document; what lies in a place was seen with it."""
    names = [_names(place) for place in places]
    found: dict[str, tuple[ClaimPath, ...]] = {}
    for kind in types.values():
        parts = kind.tree.parts(format_of(kind.format).depth)
        found[kind.id] = tuple([path for path, sources in parts if any(_meets(_names(one), names) for one in sources)])
    return found


def places_of(kind: CredentialType) -> tuple[ClaimPath, ...]:
    """Where in the register a type draws from."""
    return tuple([path for path, _ in kind.tree.sources()])


def _names(path: ClaimPath) -> ClaimPath:
    return tuple([step for step in path if step is not None])


def _meets(source: ClaimPath, places: Collection[ClaimPath]) -> bool:
    return any(source[: len(place)] == place or place[: len(source)] == source for place in places)


def _texts(german: str, english: str) -> Wording:
    return Localized("de", german), Localized("en", english)


ISSUED = _texts(
    "Aus dem Register wurde das Dokument gemacht, das Ihre Wallet bekommen hat.",
    "The document that your wallet got was made from the register.",
)
GOES_ON = _texts(
    "Ihre Wallet hat dieses Dokument erneuert. Was von jetzt an geschieht, steht bei dem neuen.",
    "Your wallet renewed this document. What happens from now on stands with the new one.",
)
SEARCHED = _texts(
    "Name und Geburtsdatum standen im Ergebnis einer Suche am Schalter.",
    "Name and date of birth were in the result of a search at the desk.",
)
OPENED = _texts("Ihre Akte wurde am Schalter geöffnet.", "Your file was opened at the desk.")
PREVIEWED = _texts(
    "Die Angaben wurden am Schalter angesehen, bevor ein Dokument angeboten wird.",
    "The data were looked at before a document is offered at the desk.",
)
REGISTER_SHOWN = _texts(
    "Ihr Eintrag im Register wurde am Schalter angesehen.", "Your entry in the register was looked at."
)
ADDRESSED = _texts("Sie wurden angeschrieben oder eingeladen.", "A letter or an invitation to you was made.")
REGISTER_CHANGED = _texts("Ihr Eintrag im Register wurde geändert.", "Your entry in the register was changed.")
REGISTER_GONE = _texts(
    "Ihr Eintrag wurde aus dem Register genommen.", "Your entry was taken out of the register."
)  # fmt: skip
OUTDATED = _texts(
    "Das Register sagt etwas anderes als Ihr Dokument. Das alte gilt noch kurz, Ihre Wallet kann ein neues holen.",
    "The register says something else than your document. The old one holds for a while; your wallet can fetch a new one.",
)
TRUE_AGAIN = _texts(
    "Ihr Dokument stimmt wieder mit dem Register überein und bleibt gültig.",
    "Your document says again what the register says, and stays valid.",
)
ENDED_AT_ONCE = _texts(
    "Das Register hat sich geändert. Das alte Dokument gilt nicht mehr, Ihre Wallet kann ein neues holen.",
    "The register has changed. The old document is not valid any more; your wallet can fetch a new one.",
)
TIME_IS_OVER = _texts(
    "Die Zeit ist vorbei, für die Ihr altes Dokument nach einer Änderung noch galt.",
    "The time is over for which your old document was still valid after a change.",
)
VIEWED_FOR_RIGHTS = _texts(
    "Am Schalter wurde gelesen, was Sie über Ihre Daten verlangt haben.",
    "What you asked for about your data was read at the desk.",
)
READ_FOR_RIGHTS = _texts(
    "Ein Programm der Behörde hat gelesen, was Sie über Ihre Daten verlangt haben.",
    "A program of the agency read what you asked for about your data.",
)
ON_DEMAND = _texts("Sie haben es verlangt.", "You asked for it.")
TOLD_OF_CHANGE = _texts(
    "Wir haben mitgeteilt, was mit den Daten geschehen soll.", "We told them what shall happen to the data."
)
REVIEWED = _texts(
    "Ein Mensch hat angesehen, was über Ihre Daten entschieden wurde.",
    "A human looked at what was decided about your data.",
)
REFUSED = _texts(
    "Sie haben etwas über Ihre Daten verlangt, und wir haben es abgelehnt. Warum, steht in der Antwort.",
    "You asked for something about your data, and we refused it. Why stands in the answer.",
)
ERASURE_PART = _texts(
    "Was wir über Ihr Dokument notiert hatten, ist gelöscht. Ihr Eintrag im Register bleibt; warum, steht in der Antwort.",
    "What we had noted about your document is erased. Your entry in the register stays; why stands in the answer.",
)
ERASED_AGAIN = _texts(
    "Was auf Ihr Verlangen gelöscht sein soll, war noch da. Es ist jetzt gelöscht.",
    "What was to be erased because you asked for it was still here. It is erased now.",
)
ERASED_PART_AGAIN = _texts(
    "Was wir über Ihr Dokument notiert hatten, war noch da. Es ist jetzt gelöscht. Ihr Eintrag im Register bleibt.",
    "What we had noted about your document was still here. It is erased now. Your entry in the register stays.",
)
ENDED_BEFORE = _texts(
    "Das Dokument war schon beendet. Unsere Datenbank wusste das nicht, und wir haben es nachgetragen.",
    "The document had ended already. Our database did not know that, and we added it.",
)
LISTED = _texts(
    "Ihr Dokument stand in einer Liste, die am Schalter angesehen wurde.",
    "Your document was in a list that was looked at at the desk.",
)
TRACED = _texts(
    "Am Schalter wurde angesehen, was in Ihrer Sache getan wurde.", "What was done about you was looked at at the desk."
)

_STATES = {
    CredentialState.VALID: ("Das Dokument gilt wieder", "The document is valid again"),
    CredentialState.SUSPENDED: ("Das Dokument gilt vorerst nicht", "The document is not valid for the time being"),
    CredentialState.REVOKED: ("Das Dokument gilt nicht mehr", "The document is not valid any more"),
}
# The word of the list alone: what a clerk adds may say anything
_REASONS = {
    Reason.ASKED: ("Sie haben es verlangt", "you asked for it"),
    Reason.LOST: ("das Gerät oder das Dokument ging verloren", "the device or the document was lost"),
    Reason.CHECKING: ("es wird etwas geprüft", "something is being checked"),
    Reason.WRONG: ("es stimmte etwas darin nicht", "something in it was wrong"),
    Reason.NOT_ENTITLED: ("die Voraussetzungen fehlen", "the conditions for it are not met"),
    Reason.SETTLED: ("es hat sich geklärt", "it was settled"),
    Reason.MISTAKE: ("es war ein Versehen", "it was a mistake"),
    Reason.WALLET_REVOKED: ("die Wallet wurde gesperrt", "the wallet was blocked"),
    Reason.KEYS_REVOKED: ("die Schlüssel der Wallet wurden gesperrt", "the keys of the wallet were blocked"),
    Reason.CHANGED: ("das Register hat sich geändert", "the register has changed"),
    Reason.GONE: ("Sie stehen nicht mehr im Register", "you are not in the register any more"),
    Reason.ENDED_BEFORE: ("es war schon beendet", "it had ended already"),
    Reason.LACKING: (
        "dem Register fehlt etwas, das darin stehen muss",
        "the register lacks something that it must hold",
    ),
}


def why_state(state: CredentialState, reason: str) -> Wording:
    """Why a document stands otherwise now, as its citizen reads it; `reason` as the audit trail has it."""
    german, english = _STATES[state]
    word = reason.partition(":")[0]
    known = next((texts for one, texts in _REASONS.items() if one == word), None)
    if known is None:
        return _texts(f"{german}.", f"{english}.")
    return _texts(f"{german}: {known[0]}.", f"{english}: {known[1]}.")
