"""What a type says of the keys that its documents are bound to."""

from pathlib import Path

import pytest

from issuer.credential_types import read_type
from protocol.errors import Malformed
from protocol.oid4vci.key_attestation import KeyRequirements

TYPE = """
id = "card"
vct = "urn:test:card:1"
validity_days = 30
[name]
de = "Karte"
{asked}
[[claims]]
path = ["name"]
type = "text"
label = {{ de = "Name" }}
"""


def read(asked):
    return read_type(TYPE.format(asked=asked), "card.toml", Path())[0]


def test_a_type_that_says_nothing_takes_any_keys():
    found = read("")
    assert (found.key_requirements, found.is_watched) == (None, False)
    assert "attestation" not in found.configuration()["proof_types_supported"]


@pytest.mark.parametrize(
    ("asked", "requirements", "watched"),
    [
        ("[key_attestation]", KeyRequirements((), (), 31 * 86_400), True),
        ("[key_attestation]\nwatched = false", KeyRequirements(), False),
        (
            '[key_attestation]\nkey_storage = ["iso_18045_high"]\nuser_authentication = ["iso_18045_basic"]',
            KeyRequirements(("iso_18045_high",), ("iso_18045_basic",), 31 * 86_400),
            True,
        ),
    ],
)
def test_a_type_that_asks_says_how_well_keys_are_kept(*, asked, requirements, watched):
    found = read(asked)
    assert (found.key_requirements, found.is_watched) == (requirements, watched)
    types = found.configuration()["proof_types_supported"]
    assert set(types) == {"jwt", "attestation"}
    assert all(kind["key_attestations_required"] == requirements.to_dict() for kind in types.values())


@pytest.mark.parametrize(
    ("asked", "at"),
    [
        ('key_storage = ["very well"]', "key_storage"),
        ('user_authentication = ["iso_18045_High"]', "user_authentication"),
        ('key_storage = "iso_18045_high"', "key_storage"),
        ("watched = 1", "watched"),
        ('storage = ["iso_18045_high"]', "storage"),
    ],
)
def test_a_mistake_is_named(*, asked, at):
    with pytest.raises(Malformed) as refusal:
        read(f"[key_attestation]\n{asked}")
    assert refusal.value.at == f"card.toml.key_attestation.{at}"
