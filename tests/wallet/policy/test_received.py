"""Whether the copies of a batch say the same, in the words of their format (T156)."""

import pytest

from protocol.errors import NotAuthentic
from protocol.formats import format_of
from protocol.oid4vci.metadata import CredentialConfiguration
from tests.protocol.mdoc.samples import ELEMENTS, HOLDER, MDL, PKI, SPACE, STRANGER, issued
from tests.support.pki import NOW
from wallet.policy.receiving import check_received

CONFIGURATION = CredentialConfiguration("mso_mdoc", MDL)


def batch(*elements):
    """A copy for each of our keys, with these elements."""
    keys = (HOLDER, STRANGER)
    raws = [
        issued(holder_key=key.public_key, random=i, elements=of)
        for i, (key, of) in enumerate(zip(keys, elements, strict=True))
    ]
    mdoc = format_of("mso_mdoc")
    verified = []
    for raw in raws:
        exchange = mdoc.verify_issued(raw, anchors=PKI.anchors, now=NOW)
        with pytest.raises(StopIteration) as end:
            next(exchange)
        verified.append(end.value.value)
    return verified, {key.public_key: f"key {i}" for i, key in enumerate(keys)}


def test_copies_that_say_the_same_are_matched_with_our_keys():
    verified, keys = batch(ELEMENTS, ELEMENTS)
    assert [copy.key for copy in check_received(verified, CONFIGURATION, keys)] == ["key 0", "key 1"]


@pytest.mark.parametrize("space", [SPACE, "status", "iat", "cnf", "jti", "exp"])
def test_copies_of_an_mdoc_say_the_same_in_every_namespace(space):
    """T156: what the user is shown is one copy; an SD-JWT VC may differ in claims of these names, an mdoc in no element."""
    verified, keys = batch({space: {"family_name": "Mustermann"}}, {space: {"family_name": "Gabler"}})
    with pytest.raises(NotAuthentic, match="do not say the same"):
        check_received(verified, CONFIGURATION, keys)
