"""A trusted list in XML: parsed within limits, checked to be its operator's, and only then read."""

from __future__ import annotations

from protocol.trust.list_signature import ExpectedList, VerifiedList, accept_list
from runtime.trust_lists.forms import MAX_XML
from runtime.trust_lists.xml.parsing import Node, parse
from runtime.trust_lists.xml.reading import read_list
from runtime.trust_lists.xml.signature import verify_signature

_AT = "trusted list"


def verify_xml_list(raw: bytes, expected: ExpectedList, *, now: int) -> VerifiedList:
    """Check a list that was fetched (T087, T088).

    Raises:
        NotTrusted: it is not signed with a certificate that we were given for it.
        NotAuthentic: the signature does not hold, or it is a list of another type.
        NotValidNow: closed, past its next update, from the future, or it promises to hold for longer than six months.
        RolledBack: a newer one was seen, or another one with the same number.
        Malformed, TooLarge, Unsupported: it cannot be read, or is signed in another way than TS 119 612 annex B says.
    """
    root = Node(parse(raw, _AT, max_bytes=MAX_XML), _AT)
    signed = verify_signature(raw, root, expected, now=now)
    # By what was signed it is known again: a time stamp may be added to a list later, and comments by anybody
    return accept_list(read_list(signed.root), signed.signer, signed.raw, expected, now=now)
