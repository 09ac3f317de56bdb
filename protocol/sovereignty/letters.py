"""Letters in the citizen's language: to a partner that has no endpoint for rights (EUDI TS7), to an authority (TS8 §3.3).

They name the law, the partner and what was shown by its name, and never a value.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from protocol.sovereignty.contact import Letter
from protocol.sovereignty.rights import Right

LANGUAGES = ("de", "en")
MAX_LINE = 200  # characters of a name in a letter

# Of the GDPR, by right
ARTICLES = {
    Right.WITHDRAW_CONSENT: "7(3)", Right.ACCESS: "15", Right.RECTIFICATION: "16", Right.ERASURE: "17",
    Right.RESTRICTION: "18", Right.PORTABILITY: "20", Right.OBJECTION: "21", Right.HUMAN_REVIEW: "22(3)",
}  # fmt: skip
_ASKS = {
    "de": {
        Right.WITHDRAW_CONSENT: ("Widerruf meiner Einwilligung", "ich widerrufe meine Einwilligung"),
        Right.ACCESS: ("Auskunft über meine Daten", "ich bitte um Auskunft über meine Daten"),
        Right.RECTIFICATION: ("Berichtigung meiner Daten", "ich bitte darum, meine Daten zu berichtigen"),
        Right.ERASURE: ("Löschung meiner Daten", "ich bitte darum, meine Daten zu löschen"),
        Right.RESTRICTION: ("Einschränkung der Verarbeitung", "ich bitte darum, meine Daten nicht weiter zu verwenden"),
        Right.PORTABILITY: ("Herausgabe meiner Daten", "ich bitte um meine Daten in einem maschinenlesbaren Format"),
        Right.OBJECTION: ("Widerspruch", "ich widerspreche der Verarbeitung meiner Daten"),
        Right.HUMAN_REVIEW: ("Prüfung durch einen Menschen", "ich bitte darum, dass ein Mensch die Entscheidung prüft"),
    },
    "en": {
        Right.WITHDRAW_CONSENT: ("Withdrawal of my consent", "I withdraw my consent"),
        Right.ACCESS: ("Access to my data", "I ask for access to my data"),
        Right.RECTIFICATION: ("Rectification of my data", "I ask you to correct my data"),
        Right.ERASURE: ("Erasure of my data", "I ask you to erase my data"),
        Right.RESTRICTION: ("Restriction of processing", "I ask you not to use my data any further"),
        Right.PORTABILITY: ("Handing over my data", "I ask for my data in a machine-readable format"),
        Right.OBJECTION: ("Objection", "I object to the processing of my data"),
        Right.HUMAN_REVIEW: ("Review by a human", "I ask for a human to review the decision"),
    },
}  # fmt: skip
_RIGHTS_LETTER = {
    "de": (
        "{subject} nach Art. {article} DSGVO (mit der Wallet gezeigt am {day})",
        (
            "Guten Tag,\n\nam {day} habe ich {partner} mit meiner Wallet Daten gezeigt. Nach Art. {article} der Verordnung (EU)"
            " 2016/679 (DSGVO) gilt: {asks}.\n\nEs geht um: {claims}\n\nBitte antworten Sie innerhalb eines Monats (Art. 12(3)"
            " DSGVO). Wenn Sie mich dafür erkennen müssen, bitten Sie meine Wallet um eine Vorlage.\n\nMit freundlichen Grüßen"
        ),
        "alle Daten, die ich gezeigt habe",
    ),
    "en": (
        "{subject} under Article {article} GDPR (shown with the wallet on {day})",
        (
            "Dear Sir or Madam,\n\non {day} I showed data to {partner} with my wallet. Under Article {article} of Regulation"
            " (EU) 2016/679 (GDPR): {asks}.\n\nThis is about: {claims}\n\nPlease answer within one month (Article 12(3) GDPR)."
            " If you have to recognise me for this, ask my wallet for a presentation.\n\nYours faithfully"
        ),
        "all data that I showed",
    ),
}
_DOCUMENT_LETTER = {
    "de": (
        "{subject} nach Art. {article} DSGVO (Dokument vom {day})",
        (
            "Guten Tag,\n\nam {day} hat {partner} meiner Wallet ein Dokument aus dem eigenen Register gegeben. Nach Art."
            " {article} der Verordnung (EU) 2016/679 (DSGVO) gilt: {asks}.\n\nEs geht um: {claims}\n\nBitte antworten Sie"
            " innerhalb eines Monats (Art. 12(3) DSGVO).\n\nMit freundlichen Grüßen"
        ),
        "alle Daten in diesem Dokument",
    ),
    "en": (
        "{subject} under Article {article} GDPR (document of {day})",
        (
            "Dear Sir or Madam,\n\non {day} {partner} gave my wallet a document from its register. Under Article {article} of"
            " Regulation (EU) 2016/679 (GDPR): {asks}.\n\nThis is about: {claims}\n\nPlease answer within one month (Article"
            " 12(3) GDPR).\n\nYours faithfully"
        ),
        "all data in this document",
    ),
}
_COMPLAINT = {
    "de": (
        "Beschwerde: mutmaßlich rechtswidrige oder verdächtige Datenanfrage von {partner}",
        (
            "Sehr geehrte Damen und Herren,\n\nich beschwere mich nach Art. 77 der Verordnung (EU) 2016/679 (DSGVO) über"
            " {partner} ({identifier}, {country}).{through}\n\n{grounds}\n\nDie beigefügte Datei enthält die unterschriebene"
            " Anfrage, die Zertifikate und die Belege, jeweils so, wie sie angekommen sind. Bitte prüfen Sie den Vorgang.\n\n"
            "Mit freundlichen Grüßen"
        ),
        " Die Anfrage kam über {name} ({identifier}, {country}).",
    ),
    "en": (
        "Reporting an allegedly unlawful or suspicious request received from {partner}",
        (
            "Dear Sir or Madam,\n\nunder Article 77 of Regulation (EU) 2016/679 (GDPR) I complain about {partner}"
            " ({identifier}, {country}).{through}\n\n{grounds}\n\nThe attached file has the signed request, the certificates"
            " and the evidence, each as it arrived. Please look into it.\n\nYours faithfully"
        ),
        " The request came through {name} ({identifier}, {country}).",
    ),
}


class Occasion(StrEnum):
    """How a partner came to the data that a letter is about."""

    SHOWN = "shown"  # the citizen showed them
    DOCUMENT = "document"  # they stand in its register, and in a document that it gave


class Party(NamedTuple):
    """Somebody whom a letter names."""

    name: str
    identifier: str
    country: str


def rights_letter(
    right: Right,
    *,
    language: str,
    partner: str,
    day: str,
    claims: Iterable[str] = (),
    occasion: Occasion = Occasion.SHOWN,
) -> Letter:
    """What a citizen writes to a partner without an endpoint (TS7 DATA_DLT_08, DATA_DLT_09).

    `claims` are the names of what it is about, as people read them; none means everything.
    """
    language = _language(language)
    subject, body, everything = (_RIGHTS_LETTER if occasion is Occasion.SHOWN else _DOCUMENT_LETTER)[language]
    called, asks = _ASKS[language][right]
    facts = {
        "subject": called,
        "asks": asks,
        "article": ARTICLES[right],
        "partner": one_line(partner),
        "day": one_line(day),
        "claims": ", ".join(map(one_line, claims)) or everything,
    }
    return Letter(subject.format_map(facts), body.format_map(facts))


def complaint_letter(*, language: str, partner: Party, through: Party | None, grounds: Iterable[str]) -> Letter:
    """What a citizen writes to an authority about a partner (TS8 RPT_DPA_07 to RPT_DPA_09).

    `grounds` are the findings, in the citizen's language, a sentence each.
    """
    language = _language(language)
    subject, body, via = _COMPLAINT[language]
    facts = {
        "partner": one_line(partner.name),
        "identifier": one_line(partner.identifier),
        "country": one_line(partner.country),
        "through": "" if through is None else via.format_map({k: one_line(v) for k, v in through._asdict().items()}),
        "grounds": "\n".join(f"- {one_line(ground, 10 * MAX_LINE)}" for ground in grounds),
    }
    return Letter(subject.format_map(facts), body.format_map(facts))


def one_line(text: str, length: int = MAX_LINE) -> str:
    """A name from outside as one line of a letter."""
    shown = "".join(c if c.isprintable() else " " for c in text[: 4 * length])
    return " ".join(shown.split())[:length]


def _language(language: str) -> str:
    """The one of ours that is nearest; English where none is."""
    primary = language.partition("-")[0].lower()
    return primary if primary in LANGUAGES else "en"
