"""Handing out what is held: an answer and its files, encrypted to the citizen, with what the law wants told (Art. 15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from capabilities.cockpit.attached import Attached
from capabilities.cockpit.attaching import seal_new
from capabilities.cockpit.rights_case import RightsCase, SealedFile, remedy
from protocol.credential import ClaimPath
from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest, raised_as
from protocol.exchange import Exchange
from protocol.formats import IssuerSigner
from protocol.keys import P256Key, RandomBytes
from protocol.sovereignty.claims import ClaimsByQuery, check_within
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import VerifiedRightsRequest
from protocol.sovereignty.rights_answer import (
    Information,
    NamedRecipient,
    RightsAnswer,
    describe_file,
    seal_file,
    seal_rights_answer,
)
from protocol.sovereignty.rights_status import Kept
from protocol.sovereignty.selected_data import select_data
from protocol.sovereignty.wording import Wording
from protocol.trust.localized import Localized
from runtime.conversation import with_key
from runtime.known_names import claim_name
from runtime.seal import Sealer

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
class Rest:
    """What follows later."""

    why: Wording  # what it is, and why it takes longer
    due: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Own:
    """What a clerk, or a system of the party, adds to what is here."""

    files: tuple[tuple[str, str, bytes], ...] = ()  # name, media type, content
    kept: tuple[Kept, ...] = ()  # what is not handed out, and why
    categories: Wording = ()
    source: Wording = ()
    automated_decisions: Wording = ()
    rest: Rest | None = None  # what follows later; None: this is all


NOTHING_OWN = Own()


@dataclass(frozen=True, slots=True)
class HandedOut:
    """An answer as it is handed out, encrypted to the citizen."""

    answer: str
    files: tuple[SealedFile, ...] = ()  # beside those that were here before
    kept: tuple[Kept, ...] = ()  # what is not handed out, and why
    attached: tuple[Attached, ...] = ()  # those of the files that later answers have too
    rest: Rest | None = None  # None: this is all


@dataclass(frozen=True, slots=True)
class Hand:
    """With what a party hands out."""

    signing: IssuerSigner
    sealer: Sealer  # of what it keeps of requests
    random_bytes: RandomBytes

    def seal(
        self,
        case: RightsCase,
        answer: RightsAnswer,
        request: VerifiedRightsRequest,
        *,
        contents: Sequence[bytes] = (),
        own: Own = NOTHING_OWN,
    ) -> Exchange[HandedOut]:
        """Sign and encrypt an answer with the files of `own`, and the `contents` of the first files that it names itself.

        Raises:
            InvalidRequest: it does not fit into an answer, or has a file twice.
            Malformed: a file of `own` has a name that is none.
        """
        described = [describe_file(*each) for each in own.files]
        whole = replace(answer, files=(*answer.files, *described))
        signer, random_bytes = self.signing.signer, self.random_bytes

        def seal() -> HandedOut:
            text = seal_rights_answer(
                whole,
                request,
                signer,
                self.signing.x5c,
                ephemeral=P256Key.generate(random_bytes),
                random_bytes=random_bytes,
            )
            ours = [
                SealedFile(
                    file.hash,
                    seal_file(content, request, ephemeral=P256Key.generate(random_bytes), random_bytes=random_bytes),
                )
                for file, content in zip(answer.files, contents, strict=False)
            ]
            theirs = [
                seal_new(case, request, file, content, sealer=self.sealer, random_bytes=random_bytes)
                for file, (_, _, content) in zip(described, own.files, strict=True)
            ]
            return HandedOut(
                text,
                (*ours, *[sealed for _, sealed in theirs]),
                # What follows later is kept back from nobody
                own.kept if own.rest is None else (),
                tuple([attached for attached, _ in theirs]),
                own.rest,
            )

        try:
            return (yield from with_key(signer, seal))
        except ValueError as error:
            raise InvalidRequest(str(error)) from error


def chosen(data: JsonObject, wanted: ClaimsByQuery, receipt: Receipt, kept: tuple[Kept, ...]) -> JsonObject:
    """What is wanted of the data, without what is kept back.

    Raises:
        InvalidRequest: what the receipt does not name is kept back.
    """
    with raised_as(InvalidRequest):
        for each in kept:
            check_within(each.claims, receipt.claims, "kept")
    back = {(id_, path) for each in kept for id_, paths in each.claims.items() for path in paths}
    whole = {id_ for each in kept for id_, paths in each.claims.items() if not paths}
    found: JsonObject = {}
    for id_, items in data.items():
        paths = [
            path for path in wanted.get(id_, ()) if not any((id_, path[:n]) in back for n in range(1, len(path) + 1))
        ]
        if id_ not in whole and paths and isinstance(items, list):
            found[id_] = [select_data(item, paths) for item in items if isinstance(item, dict)]
    return found


@dataclass(frozen=True, slots=True)
class Usual:
    """What a role tells where nobody says it for one answer (Art. 15(1)(b), (g), (h))."""

    categories: Wording
    source: Wording
    automated_decisions: Wording


def information(
    receipt: Receipt, recipients: tuple[NamedRecipient, ...], usual: Usual, own: Own, *, has_others: bool
) -> Information:
    """What the law wants told with the data (Art. 15(1)); `has_others`: other systems of the party have of it, too.

    Raises:
        InvalidRequest: then nobody here knows what machines decide, and `own` does not say it.
    """
    if has_others and not own.automated_decisions:
        raise InvalidRequest("information: what machines decide has to be said where other systems have the data")
    return Information(
        purposes=receipt.purpose,
        categories=own.categories or usual.categories,
        recipients=recipients,
        retention=kept_until(receipt),
        rights=OTHER_RIGHTS,
        authority=remedy(receipt.controller),
        source=own.source or usual.source,
        automated_decisions=own.automated_decisions or usual.automated_decisions,
    )


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
