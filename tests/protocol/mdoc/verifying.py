"""Documents of an issuer that are changed before they are verified."""

from hashlib import sha256

import pytest

from protocol.cbor import encode_wrapped, wrap
from tests.protocol.mdoc.samples import (
    SPACE,
    altered,
    encoded,
    issued,
    plain,
    plain_mso,
    signed_over,
    verify,
)

AT = "credential"
LICENCE = issued()
VALUE = plain(LICENCE)
MSO = plain_mso(LICENCE)


def refused(error, raw, **rest):
    with pytest.raises(error) as refusal:
        verify(raw, **rest)
    assert type(refusal.value) is error
    return refusal.value.description


def with_mso(path, change):
    return signed_over(altered(MSO, path, change), raw=LICENCE)


def with_item(change, *, name=SPACE, index=0):
    """The licence with one item altered, whose digest stays what it was."""
    item = VALUE["nameSpaces"][name][index]
    return encoded(altered(VALUE, ["nameSpaces", name, index], wrap(change(item.value))))


def resigned_item(item, *, digest_of=None):
    """The licence whose one item this is, signed with its digest."""
    wrapped = encode_wrapped(item)
    digest = sha256(wrapped if digest_of is None else digest_of).digest()
    mso = altered(MSO, ["valueDigests"], {SPACE: {0: digest}})
    value = plain(signed_over(mso, raw=LICENCE))
    return encoded(altered(value, ["nameSpaces"], {SPACE: [wrap(item)]}))
