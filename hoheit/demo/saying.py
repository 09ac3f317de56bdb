"""What the walk says of requests and data, in the sentences that the citizen reads."""

from __future__ import annotations

from hoheit.demo.setting_up import Place
from protocol.dcql.query import MDOC, SD_JWT_VC
from protocol.encoding import JsonValue
from wallet.service.seen import RequestSeen
from wallet.words import Words

# The form of a document, where it is not the usual one
FORMS = {SD_JWT_VC: "", MDOC: " (as mdoc, the form of ISO 18013-5)"}


def who_asks(seen: RequestSeen) -> list[str]:
    """Why they may ask, in the sentences that the citizen reads."""
    words, asker, standing = Words("en"), seen.consent.asker, seen.consent.standing
    lines = [f"{asker.title} asks. {words.trust(asker)}"]
    if standing.registration is not None:
        lines.append(words.registered_for(standing.asks_for, standing.registration.name))
        lines.append(f"Why, as it is registered: “{standing.registration.purpose}”")
    return lines


def shown_of(seen: RequestSeen) -> list[str]:
    """What goes to the partner, of the documents that are chosen unless somebody chooses others."""
    chosen = seen.default_choice()
    lines = []
    for question in seen.consent.questions:
        for choice in question.choices:
            if choice.held_id in chosen.get(question.query_id, ()):
                claims = ", ".join(f"{claim.label}: {text_of(claim.value)}" for claim in choice.claims)
                lines.append(f"from {choice.name}{FORMS[choice.configuration.format]}: {claims}")
    return lines


def text_of(value: JsonValue) -> str:
    """A value, for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def name_of(place: Place) -> str:
    """What a place is called."""
    return dict(place.name)["en"]
