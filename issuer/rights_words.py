"""Why an issuer does not do what was asked, in plain words that name the provision (GDPR Art. 12(4))."""

from __future__ import annotations

from enum import StrEnum

from issuer.rights import ERASES
from protocol.errors import Malformed
from protocol.sovereignty.rights import Right
from protocol.sovereignty.wording import MAX_TEXT, Wording
from protocol.trust.localized import Localized


class Reason(StrEnum):
    """Why something is refused, as a clerk chooses it."""

    VALID = "valid"  # the document is still valid
    LAW = "law"  # a law wants the data kept; which one, the clerk says
    OWN = "own"  # in the clerk's own words


_VALID = (
    Localized(
        "de",
        "Ihr Dokument gilt noch. Solange es gilt, brauchen wir diese Daten, damit andere sich darauf verlassen können"
        " (Art. 17 Abs. 3 Buchst. b DSGVO). Wenn Sie es nicht mehr wollen, sagen Sie es uns: Wir beenden es, und dann können"
        " Sie das Löschen noch einmal verlangen.",
    ),
    Localized(
        "en",
        "Your document is still valid. As long as it is, we need this data so that others can rely on it (Art. 17(3)(b) GDPR)."
        " If you do not want it any more, tell us: we end it, and then you can ask once more to have the data erased.",
    ),
)
_LAW = {
    "de": "Ein Gesetz verlangt, dass wir diese Daten behalten (Art. 17 Abs. 3 Buchst. b DSGVO): {law}",
    "en": "A law makes us keep this data (Art. 17(3)(b) GDPR): {law}",
}
ROOM = MAX_TEXT - max(len(text) for text in _LAW.values())  # characters for the law


def reasons_for(right: Right) -> tuple[Reason, ...]:
    """The reasons that there are for refusing a right; own words are always one."""
    return tuple(Reason) if right in ERASES else (Reason.OWN,)


def refusal(reason: str, said: Wording) -> Wording:
    """What the citizen reads; `said` is what the clerk wrote: the law, or why.

    Raises:
        Malformed: no reason was chosen, or its words are missing.
    """
    if reason not in tuple(Reason):
        raise Malformed("form.reason", "must be chosen")
    if reason == Reason.VALID:
        return _VALID
    if not said:
        raise Malformed("form.why", "is missing")
    return kept_by_law(said) if reason == Reason.LAW else said


def kept_by_law(said: Wording) -> Wording:
    """That a law wants something kept, around the name of the law.

    Raises:
        Malformed: there is no room for it.
    """
    [law] = said[:1]
    if len(law.text) > ROOM:
        raise Malformed("form.why", "is too long")
    return tuple([Localized(language, text.format(law=law.text)) for language, text in _LAW.items()])
