"""What lies on the shelf: each stage of receiving and presenting, with what is true in it and no more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wallet.policy.presenting import ChoiceShown
from wallet.policy.renewing import NotRenewed
from wallet.policy.showing import PartyShown
from wallet.policy.vouching import WhyUnvouched
from wallet.service.issuance import Arrived, OfferSeen
from wallet.service.login import BegunLogin
from wallet.service.meeting import Answer, CodeShown, Met, NotAsked
from wallet.service.seen import RequestSeen
from wallet.service.services.form_notes import InvitationSeen
from wallet.service.services.starting import BegunService


@dataclass(frozen=True, slots=True)
class OfferWaiting:
    """An offer that the user has not answered yet."""

    seen: OfferSeen
    wrong_codes: int = 0  # that the office did not take


@dataclass(frozen=True, slots=True)
class LoginWaiting:
    """The user's browser went to the office, and has not come back."""

    seen: OfferSeen
    begun: BegunLogin


class LoginProblem(StrEnum):
    """Why a login brought nothing."""

    CANCELLED = "cancelled"
    AWAY = "away"  # the office could not be reached
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LoginOver:
    """A login that brought nothing; the offer can be tried again."""

    seen: OfferSeen
    problem: LoginProblem
    detail: str
    why: WhyUnvouched | None = None  # nobody vouches for the wallet any more


@dataclass(frozen=True, slots=True)
class CutOff:
    """The office said yes, and then something came in between; it goes on from the vault."""

    pending: str  # id
    away: bool  # it could not be reached
    detail: str
    why: WhyUnvouched | None = None  # nobody vouches for the wallet any more


@dataclass(frozen=True, slots=True)
class ArrivedWaiting:
    """What came; the user has not said yet whether to keep it."""

    arrived: Arrived


@dataclass(frozen=True, slots=True)
class Kept:
    """It is in the wallet."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The user said no to an office."""

    issuer: PartyShown


@dataclass(frozen=True, slots=True)
class RequestWaiting:
    """A question that the user has not answered yet."""

    seen: RequestSeen
    same_device: bool  # a page on this device asked, and waits
    language: str  # in which it was put into words
    met: Met | None = None  # who asked in person; None: by a link
    begun: BegunService | None = None  # the service that it belongs to; None: the user began none
    back: str = ""  # page of ours that it belongs to; empty: none


@dataclass(frozen=True, slots=True)
class CodeOnScreen:
    """The wallet's code for somebody who stands in front of the user; nobody asked yet."""

    shown: CodeShown
    away: bool = False  # the relay could not be reached when it was looked there last


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """Whoever scanned the wallet's code sent something that is not answered."""

    found: NotAsked


@dataclass(frozen=True, slots=True)
class Brought:
    """Notes that were sent for a form, and where it stands."""

    seen: InvitationSeen
    address: str
    noted: tuple[str, ...]  # questions


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """The answer to who stands in front of the user is on the screen, as moving codes."""

    seen: RequestSeen
    answer: Answer
    documents: tuple[ChoiceShown, ...]  # empty: the user said no
    by_relay: bool  # it was to go over the relay, and did not


@dataclass(frozen=True, slots=True)
class Answered:
    """The user answered: what was given to whom, and where they may go on."""

    asker: PartyShown
    documents: tuple[ChoiceShown, ...]  # empty: the user said no
    arrived: bool
    redirect_uri: str | None
    same_device: bool
    journey: str = ""  # id of the plan that it belongs to
    back: str = ""  # page of ours that it belongs to; empty: none
    noted: tuple[str, ...] = ()  # questions whose answers from a plan went along


@dataclass(frozen=True, slots=True)
class RenewalOver:
    """A document was to be fetched anew; what came of it."""

    document: str  # id
    changed: bool  # it says something else now
    partly: bool  # one of its forms stays as it was
    problem: NotRenewed | None = None  # nothing came
    away: bool = False  # the office, or who vouches for the wallet, could not be reached
