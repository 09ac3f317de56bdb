"""What the receipt of a document says beyond what is in it."""

from dataclasses import replace

import pytest

from issuer.receipts import AS_USUAL, Handling, Responsible, make_receipt, read_handling, responsible
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.receipt import ANSWERS_AFTER, LegalBasis, Receipt
from protocol.sovereignty.receipt_evidence import evidence_of_issuance
from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.signing import Organisation
from protocol.trust.registration import Contact
from runtime.registrations import OwnRegistration
from tests.support.partners import COCKPIT, COCKPIT_KEY, both
from tests.support.pki import DAY, NOW
from tests.wallet.registrar import AGENCY_ENTRY

WHO = Responsible(Controller("Town", Organisation("LEIXG-1", "DE"), "https://town.example/privacy"), ())
NAMES = (("de", "Karte"), ("en", "Card"))
EVIDENCE = evidence_of_issuance("A" * 43, "card", ("one",), {"given_name": "Anna"}, depth=1)


def handling(**members):
    return read_handling(Fields(members, "card.toml.receipt"))


def made(who=WHO, handling=AS_USUAL, expires_at=NOW + 30 * DAY, names=NAMES):
    return make_receipt(
        who,
        handling,
        EVIDENCE,
        names=names,
        id_="r" * 22,
        issuer="https://town.example",
        key=COCKPIT_KEY.public_key.thumbprint(),
        endpoint=COCKPIT,
        expires_at=expires_at,
        now=NOW,
    )


def test_a_type_that_says_nothing_issues_by_public_task_for_as_long_as_the_register_has_somebody():
    receipt = made()
    assert receipt.legal_basis is LegalBasis.PUBLIC_TASK
    assert receipt.retention.ends(NOW) is None
    assert [text.text for text in receipt.purpose] == ["Ausstellen: Karte", "Giving you: Card"]
    assert receipt.log_until == NOW + 30 * DAY + ANSWERS_AFTER
    assert not receipt.answers_too_short
    assert Receipt.from_fields(Fields(receipt.to_claims(), "receipt")) == receipt
    assert "Anna" not in str(receipt.to_claims())


def test_a_type_says_on_what_ground_for_how_long_and_what_for():
    asked = handling(legal_basis="contract", retention="P1Y", purpose={"en": "To be a member."})
    receipt = made(handling=asked)
    assert (receipt.legal_basis, receipt.retention.to_value()) == (LegalBasis.CONTRACT, "P1Y")
    assert [text.text for text in receipt.purpose] == ["To be a member."]
    assert receipt.log_until == receipt.retention.ends_earliest(NOW) + ANSWERS_AFTER


def test_a_registered_purpose_is_the_one_that_counts():
    registered = replace(WHO, purpose=both("Registriert", "Registered"))
    receipt = made(registered, handling(purpose={"en": "Something else."}))
    assert receipt.purpose == both("Registriert", "Registered")


def test_in_another_language_the_name_has_to_say_it():
    assert [text.text for text in made(names=(("fr", "Carte"),)).purpose] == ["Carte"]


@pytest.mark.parametrize(
    ("members", "at"),
    [
        ({"legal_basis": "whim"}, "card.toml.receipt.legal_basis"),
        ({"retention": "a year"}, "card.toml.receipt.retention"),
        ({"purpose": {}}, "card.toml.receipt.purpose"),
        ({"porpoise": {"en": "x"}}, "card.toml.receipt.porpoise"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_place(members, at):
    with pytest.raises(Malformed) as refusal:
        handling(**members)
    assert refusal.value.at == at


def test_whoever_is_registered_answers_for_it_and_else_who_we_say_that_we_are():
    own = OwnRegistration("own.jwt", "certificate", AGENCY_ENTRY)
    dpo = Contact(email="dpo@town.example")
    by_register = responsible(own, controller=WHO.controller, dpo=dpo)
    assert by_register.controller == Controller.from_registration(AGENCY_ENTRY, dpo)
    assert by_register.purpose == AGENCY_ENTRY.purpose
    assert responsible(None, controller=WHO.controller, dpo=dpo) == WHO
    assert responsible(None, controller=None, dpo=None) is None
    assert read_handling(None) == Handling()
