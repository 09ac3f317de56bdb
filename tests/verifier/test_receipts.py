"""What a use case says of what becomes of the data, as receipts have it."""

import pytest

from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.receipt import LegalBasis
from verifier.receipts import AS_USUAL, Handling, seconds

DAY = 86_400


def read(keep=DAY, **members):
    return Handling.from_fields(Fields(members, "use case"), keep)


def test_who_says_nothing_asks_for_consent_and_keeps_what_an_answer_is_kept():
    assert read() == AS_USUAL
    assert read(legal_basis="public_task").legal_basis is LegalBasis.PUBLIC_TASK


@pytest.mark.parametrize("basis", ["", "because", "Consent"])
def test_a_legal_basis_is_one_that_receipts_can_name(basis):
    with pytest.raises(Malformed, match="legal_basis"):
        read(legal_basis=basis or " ")


def test_nobody_promises_less_time_than_answers_stay_anyway():
    retention = read(retention="P1D").retention
    assert retention is not None
    assert retention.ends(0) == DAY
    for kept in ("PT23H", "none"):
        with pytest.raises(Malformed, match="no shorter"):
            read(retention=kept)
    assert read(keep=0, retention="none").retention is not None


@pytest.mark.parametrize(
    ("number", "text"), [(0, "P0D"), (1, "PT1S"), (60, "PT1M"), (DAY, "P1D"), (DAY + 3601, "P1DT1H1S")]
)
def test_seconds_are_said_in_their_largest_parts(number, text):
    assert seconds(number).text == text
