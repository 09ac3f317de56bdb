"""By what a form knows an answer again that it takes over: only where there is a receipt, and what was asked."""

from dataclasses import replace

import pytest

from protocol.encoding import JsonObject, encode_json
from protocol.sovereignty.receipt import Receipt
from tests.protocol.sovereignty.disclosures import LEAST
from tests.support.receipts import log_with
from tests.verifier.test_known import ERIKA, NAMES, QUERY, WIRE
from tests.verifier.test_session import ANSWERED, NOW
from verifier.known import Known
from verifier.service.showing_again import known_again, nobody_compares

TOLD: Receipt = replace(LEAST, claims={"pid": NAMES}, presentations={"pid": LEAST.presentations["card"]})
WHOLE = replace(
    ANSWERED,
    logged=log_with(until=NOW + 900),
    query=encode_json(WIRE).decode(),
    receipt=encode_json(TOLD.to_claims()).decode(),
)


def test_an_answer_with_a_receipt_is_known_again():
    kept = known_again(b"s" * 32, WHOLE, ERIKA)
    assert Known.of(kept).prints.keys() == {QUERY.credentials[0].id}
    assert "Mustermann" not in kept


@pytest.mark.parametrize("missing", [{"logged": None}, {"query": ""}, {"receipt": ""}], ids=["log", "query", "receipt"])
def test_an_answer_without_a_receipt_or_of_which_nobody_knows_what_was_asked_is_not(missing):
    assert known_again(b"s" * 32, replace(WHOLE, **missing), ERIKA) == ""


def test_an_answer_that_is_compared_with_nothing_has_nothing_against_it():
    shown: dict[str, list[JsonObject]] = {"pid": [{"family_name": "Mustermann"}]}
    assert nobody_compares(shown) == ""
