"""What an issuer keeps of a mandate to forward what its register says, and every step of one (docs/sovereignty/forwarding.md).

    given ─► due ─► counted ─► arrived            (and again, with each change of the register)
       └───────┴───────┴─────► ended              by the citizen, by time, by count, or because its recipient changed

A step is taken in one transaction, so nothing is sent by a mandate that was revoked before the step that counts it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from capabilities.usage_log.records import Used
from protocol.credential import ClaimPath
from protocol.errors import Conflict
from protocol.jws import Jws
from protocol.sovereignty.forwarding import ForwardingMandate
from protocol.sovereignty.mandate_status import (
    ActiveMandate,
    EndedMandate,
    Ending,
    Mandate,
    refresh,
    revoke,
    use,
    use_again,
)
from protocol.sovereignty.recipient_terms import RecipientTerms
from protocol.sovereignty.usage import Action, Addressee, Use
from protocol.sovereignty.wording import Wording
from protocol.trust.localized import Localized

MAX_OF_KEY = 100  # mandates that one cockpit key may have given
_AT = "mandate"


@dataclass(frozen=True, slots=True)
class GivenMandate:
    """A mandate, and how far its data have gone. What was forwarded is remembered as keyed digests, never as a value."""

    key: str  # thumbprint of the cockpit key that handed it over
    token: str  # as its recipient gets it
    handover: str  # by which it came: who gave it can be shown with this
    receipt: str  # jti, of the document that it is about
    log_until: int  # epoch seconds: until then that receipt's log answers, and this is kept
    subject: str  # in the register
    configuration_id: str
    stage: Mandate
    known: str  # digest of what the recipient has, or of what the register said when it was given
    sending: str = ""  # digest of what was counted as the last use and is not known to have arrived
    due_at: int = 0  # epoch seconds when it is to be looked at; 0: when the register changes
    attempts: int = 0  # to send what is on its way
    noted: str = ""  # digest of what could not be forwarded, as the citizen's log says already

    @property
    def says(self) -> ForwardingMandate:
        """What it says; its signature was checked when it was given."""
        return ForwardingMandate.from_fields(Jws.from_compact(self.token, _AT).peek_claims(_AT))


@dataclass(frozen=True, slots=True)
class Stepped:
    """A mandate after a step, and what the citizen's log says of it."""

    mandate: GivenMandate
    used: tuple[Used, ...] = ()


class Hindrance(StrEnum):
    """Why something was not forwarded."""

    ENDED = "ended"
    RECIPIENT_CHANGED = "recipient_changed"
    ASKS_MORE = "asks_more"
    UNKNOWN = "unknown"  # nobody vouches for the recipient any more, or it takes nothing
    NOT_TAKEN = "not_taken"
    AWAY = "away"


def _texts(german: str, english: str) -> Wording:
    return Localized("de", german), Localized("en", english)


FORWARDED = _texts(
    "Das Register hat sich geändert. Wir haben die Angaben weitergegeben, wie Sie uns beauftragt haben.",
    "The register has changed. We passed the data on, as you instructed us.",
)
_WHY = {
    Hindrance.ENDED: _texts(
        "Ihr Auftrag ist zu Ende. Wir haben nichts weitergegeben. Wenn Sie es noch wollen, beauftragen Sie uns neu.",
        "Your instruction has ended. We passed nothing on. If you still want it, instruct us anew.",
    ),
    Hindrance.RECIPIENT_CHANGED: _texts(
        "Der Empfänger ist für etwas anderes registriert als zu der Zeit, als Sie uns beauftragt haben. Ihr Auftrag ist damit "
        "zu Ende, wir haben nichts weitergegeben. Wenn Sie es noch wollen, beauftragen Sie uns neu.",
        "The recipient is registered for something else than when you instructed us. So your instruction has ended; we "
        "passed nothing on. If you still want it, instruct us anew.",
    ),
    Hindrance.ASKS_MORE: _texts(
        "Der Empfänger wollte mehr, als Sie erlaubt haben. Wir haben nichts weitergegeben. Ihr Auftrag gilt weiter; Sie können "
        "den Empfänger nach dem Grund fragen oder den Auftrag beenden.",
        "The recipient wanted more than you allowed. We passed nothing on. Your instruction goes on; you can ask the "
        "recipient why, or end it.",
    ),
    Hindrance.UNKNOWN: _texts(
        "Der Empfänger konnte nicht zeigen, wer er ist und was er bekommen darf. Wir haben nichts weitergegeben. "
        "Ihr Auftrag gilt weiter; Sie können ihn beenden.",
        "The recipient could not show who they are and what they may get. We passed nothing on. Your instruction goes on; you "
        "can end it.",
    ),
    Hindrance.NOT_TAKEN: _texts(
        "Der Empfänger hat nicht genommen, was wir weitergeben wollten. Ihr Auftrag gilt weiter; Sie können den Empfänger nach "
        "dem Grund fragen oder den Auftrag beenden.",
        "The recipient did not take what we wanted to pass on. Your instruction goes on; you can ask the recipient why, or "
        "end it.",
    ),
    Hindrance.AWAY: _texts(
        "Der Empfänger war lange nicht zu erreichen. Beim nächsten Mal versuchen wir es wieder.",
        "The recipient could not be reached for a long time. We try again when the register changes next.",
    ),
}


def log(
    mandate: GivenMandate, action: Action, why: Wording, paths: tuple[ClaimPath, ...], *, by: str, to: str, now: int
) -> tuple[Used, ...]:
    """What was done by a mandate, as the log of its document says it.

    Raises:
        Malformed, TooLarge: no log has room for it.
    """
    identifier = mandate.says.recipient.organisation.identifier
    claims = {mandate.configuration_id: paths}
    entry = Use(now, action, claims, by, why, Addressee(to, identifier))
    return (Used(mandate.receipt, mandate.log_until, entry),) if now < mandate.log_until else ()


@dataclass(frozen=True, slots=True)
class About:
    """What is to go, and to whom, as far as a step needs it."""

    terms: RecipientTerms  # as they are now
    digest: str  # of what the mandate's claims are now
    paths: tuple[ClaimPath, ...]  # that go
    by: str  # as the log calls us
    to: str  # name of the recipient


def count(mandate: GivenMandate, about: About, *, now: int) -> Stepped:
    """Count a use and write that it was made, or end the mandate. What is on its way is sent again as it was counted."""
    try:
        if mandate.sending == about.digest and mandate.sending:
            return Stepped(replace(mandate, stage=use_again(mandate.stage, about.terms, now=now)))
        stage = use(mandate.stage, about.terms, now=now)
    except Conflict:
        return end(mandate, about, now=now)
    counted = replace(mandate, stage=stage, sending=about.digest, attempts=0)
    return Stepped(counted, log(counted, Action.FORWARDED, FORWARDED, about.paths, by=about.by, to=about.to, now=now))


def end(mandate: GivenMandate, about: About, *, now: int) -> Stepped:
    """Bring a mandate to the end that it has come to, and say so where something was about to be sent."""
    stage = refresh(mandate.stage, about.terms, now=now)
    ended = replace(mandate, stage=stage, due_at=0, sending="")
    changed = isinstance(stage, EndedMandate) and stage.ending is Ending.RECIPIENT_CHANGED
    why = Hindrance.RECIPIENT_CHANGED if changed else Hindrance.ENDED
    return note(ended, why, about, now=now)


def note(mandate: GivenMandate, why: Hindrance, about: About, *, now: int) -> Stepped:
    """Say in the citizen's log, once, why something was not forwarded; it is looked at again when the register changes."""
    later = replace(mandate, due_at=0, attempts=0, noted=about.digest)
    if mandate.noted == about.digest:
        return Stepped(later)
    used = log(mandate, Action.REFUSED, _WHY[why], about.paths, by=about.by, to=about.to, now=now)
    return Stepped(later, used)


def arrived(mandate: GivenMandate, digest: str, *, claimed: int, now: int) -> Stepped:
    """The recipient took what was counted.

    `claimed`: the time until which it was ours to send; if the register changed meanwhile, another was set, and stays.
    """
    due_at = 0 if mandate.due_at == claimed else mandate.due_at
    stage: Mandate = mandate.stage
    if isinstance(stage, ActiveMandate):
        stage = refresh(stage, stage.terms, now=now)
    return Stepped(replace(mandate, stage=stage, known=digest, sending="", due_at=due_at, attempts=0, noted=""))


def revoked(mandate: GivenMandate, *, now: int) -> Stepped:
    """The citizen ends a mandate."""
    return Stepped(replace(mandate, stage=revoke(mandate.stage, now=now), due_at=0, sending=""))


def as_of(mandate: GivenMandate, *, now: int) -> GivenMandate:
    """How it stands now by time and count, without asking its recipient."""
    stage = mandate.stage
    if isinstance(stage, ActiveMandate) and not (mandate.sending and stage.used >= stage.max_uses):
        stage = refresh(stage, stage.terms, now=now)
    return replace(mandate, stage=stage)
