"""A transaction is authorised by its hash in the right key binding, and by nothing else (OID4VP B.3.3)."""

import hashlib

import pytest

from protocol.encoding import encode_base64url, encode_json
from protocol.errors import InvalidRequest, InvalidTransactionData
from protocol.oid4vp.verify import VerificationPolicy
from tests.protocol.oid4vp.verifier_side import CARD, CARD_CREDENTIAL, PID, query, refused, shown, verify
from tests.protocol.sdjwt.samples import STRANGER

ITEM = encode_base64url(encode_json({"type": "payment", "credential_ids": ["pid"], "amount": 5}))
OTHER_ITEM = encode_base64url(encode_json({"type": "payment", "credential_ids": ["pid"], "amount": 6}))
TYPES = {"payment": lambda item: None}


def digest(item, name="sha-256"):
    return encode_base64url(hashlib.new(name.replace("-", ""), item.encode()).digest())


def payment(*items, **options):
    policy = VerificationPolicy(transaction_data_types=TYPES)
    return verify({"pid": shown(**options)}, policy=policy, transaction_data=items)


def test_a_transaction_is_authorised_by_its_hash():
    named = encode_base64url(
        encode_json({"type": "payment", "credential_ids": ["pid"], "transaction_data_hashes_alg": ["sha-384"]})
    )
    assert payment(ITEM, transaction_data_hashes=(digest(ITEM),)).accepted
    both = payment(named, transaction_data_hashes=(digest(named, "sha-384"),), transaction_data_hashes_alg="sha-384")
    assert both.accepted
    unnamed = payment(named, transaction_data_hashes=(digest(named, "sha-384"),))
    assert refused(unnamed) == "++-++.."


@pytest.mark.parametrize(
    "hashes",
    [
        pytest.param((), id="T190 missing"),
        pytest.param((digest(ITEM),), id="T190 one missing"),
        pytest.param((digest(OTHER_ITEM), digest(ITEM)), id="T190 other order"),
        pytest.param((digest(ITEM), "A" * 43), id="T190 another transaction"),
        pytest.param((digest(ITEM, "sha-512"), digest(OTHER_ITEM, "sha-512")), id="T190 another hash"),
        pytest.param((digest(ITEM), digest(OTHER_ITEM), digest(ITEM)), id="T190 one more"),
    ],
)
def test_a_transaction_that_was_not_authorised_is_not_accepted(hashes):
    assert refused(payment(ITEM, OTHER_ITEM, transaction_data_hashes=hashes)) == "++-++.."


def test_the_transaction_is_carried_by_the_credential_that_it_names():
    """T190."""
    card = shown(("n",), credential=CARD_CREDENTIAL, signer=STRANGER)
    hashed = shown(("n",), credential=CARD_CREDENTIAL, signer=STRANGER, transaction_data_hashes=(digest(ITEM),))
    options = {
        "asked_query": query(PID, CARD),
        "policy": VerificationPolicy(transaction_data_types=TYPES),
        "transaction_data": (ITEM,),
    }
    good = shown(transaction_data_hashes=(digest(ITEM),))
    assert verify({"pid": good, "card": card}, **options).accepted
    assert not verify({"pid": shown(), "card": hashed}, **options).accepted
    with pytest.raises(InvalidRequest, match="transaction"):
        verify({"card": hashed}, **options)


def test_a_transaction_of_ours_has_a_type_that_we_know():
    with pytest.raises(InvalidTransactionData):
        verify({"pid": shown()}, transaction_data=(ITEM,))
