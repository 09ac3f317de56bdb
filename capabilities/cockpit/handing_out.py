"""Handing out what is held: an answer and its files, encrypted to the citizen, with what the law wants told (Art. 15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from capabilities.cockpit.rights_case import SealedFile
from protocol.credential import ClaimPath
from protocol.errors import InvalidRequest
from protocol.exchange import Exchange
from protocol.formats import IssuerSigner
from protocol.keys import P256Key, RandomBytes
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import VerifiedRightsRequest
from protocol.sovereignty.rights_answer import RightsAnswer, seal_file, seal_rights_answer
from protocol.sovereignty.rights_status import Kept
from protocol.sovereignty.wording import Wording
from protocol.trust.localized import Localized
from runtime.conversation import with_key
from runtime.known_names import claim_name

MAX_NAMES = 1000  # characters of all names of data together

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


_UNTIL = {"de": "Bis dies geschieht: {event}.", "en": "Until this happens: {event}."}


def both(de: str, en: str) -> Wording:
    """The same in German and English."""
    return Localized("de", de), Localized("en", en)


OTHER_RIGHTS = both(
    "Sie können Ihre Daten berichtigen, löschen oder einschränken lassen, der Nutzung widersprechen und eine Einwilligung"
    " zurücknehmen (Art. 7, 16 bis 18, 21 DSGVO).",
    "You may have your data corrected, erased or restricted, object to their use and take back a consent"
    " (Art. 7, 16 to 18, 21 GDPR).",
)


@dataclass(frozen=True, slots=True)
class HandedOut:
    """An answer as it is handed out, encrypted to the citizen."""

    answer: str
    files: tuple[SealedFile, ...] = ()
    kept: tuple[Kept, ...] = ()  # what is not handed out, and why


def seal_handed_out(
    answer: RightsAnswer,
    contents: Sequence[bytes],
    request: VerifiedRightsRequest,
    signing: IssuerSigner,
    random_bytes: RandomBytes,
    *,
    kept: tuple[Kept, ...] = (),
) -> Exchange[HandedOut]:
    """Sign and encrypt an answer, and the contents of the files that it names, in their order.

    Raises:
        InvalidRequest: it does not fit into an answer.
    """

    def seal() -> HandedOut:
        text = seal_rights_answer(
            answer,
            request,
            signing.signer,
            signing.x5c,
            ephemeral=P256Key.generate(random_bytes),
            random_bytes=random_bytes,
        )
        files = [
            SealedFile(
                described.hash,
                seal_file(content, request, ephemeral=P256Key.generate(random_bytes), random_bytes=random_bytes),
            )
            for described, content in zip(answer.files, contents, strict=True)
        ]
        return HandedOut(text, tuple(files), kept)

    try:
        return (yield from with_key(signing.signer, seal))
    except ValueError as error:
        raise InvalidRequest(str(error)) from error


def names_of(claims: ClaimsByQuery, language: str) -> str:
    """What data are called, each once, as far as there is room."""
    return ", ".join(dict.fromkeys(claim_name(path, language) for path in _paths(claims)))[:MAX_NAMES]


def kept_until(receipt: Receipt) -> Wording:
    """How long data are kept, as a receipt promises it (Art. 15(1)(d))."""
    until = receipt.retention.ends(receipt.issued_at)
    lasts = receipt.retention.lasts
    if until is not None or lasts is None:
        day = datetime.fromtimestamp(until or receipt.issued_at, UTC).date()
        return both(f"Bis zum {day:%d.%m.%Y}.", f"Until {day.day} {_MONTHS[day.month - 1]} {day.year}.")
    events = {each.language: each.text for each in receipt.retention.since}
    # An event that ends it at once has no time to be told beside it
    at_once = receipt.retention.ends_earliest(0) == 0
    told = [_UNTIL.get(language, "{event}") if at_once else f"{{event}} ({lasts.text})" for language in events]
    return tuple([Localized(each, how.format(event=events[each])) for each, how in zip(events, told, strict=True)])


def _paths(claims: ClaimsByQuery) -> Iterable[ClaimPath]:
    return (path for paths in claims.values() for path in paths)
