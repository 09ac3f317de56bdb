"""What a citizen is asked, as a page would show it."""

from tests.wallet.counterpart_agency import PID
from wallet.policy.asking import StandingShown
from wallet.policy.presenting import ChoiceShown, PresentationConsent, QuestionShown, WayShown
from wallet.policy.showing import PartyShown


def question(name, *held, required=True, several=False):
    """One that these documents answer."""
    return QuestionShown(name, required, several, tuple(ChoiceShown(h, h, PID, h, "City", (), ()) for h in held))


def consent(questions, ways):
    """Somebody who is vouched for, and asks this."""
    return PresentationConsent(
        PartyShown("Library", "library.example", "id", "The register"), StandingShown(), "", True, tuple(questions),
        tuple(WayShown(tuple(options), required) for options, required in ways), True, False, False, (),
    )  # fmt: skip
