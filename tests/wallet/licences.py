"""A driving licence as a wallet keeps it."""

from dataclasses import replace

from protocol.encoding import encode_json
from protocol.oid4vci.metadata import CredentialConfiguration, Display
from tests.protocol.mdoc.samples import HOLDER, MDL, SPACE
from tests.wallet.counterparts import held
from wallet.records import Copy, HeldCredential

CONFIGURATION = CredentialConfiguration("mso_mdoc", MDL, display=(Display("Driving licence"),))


def held_licence(*raws: str) -> HeldCredential:
    """A licence with a copy of each; they differ where an issuer made them."""
    record: HeldCredential = held(
        name="Driving licence",
        format="mso_mdoc",
        type=MDL,
        configuration_id="mdl",
        configuration=encode_json(CONFIGURATION.to_dict()).decode(),
        claims=encode_json({SPACE: {"family_name": "Mustermann", "age_over_18": True}}).decode(),
    )
    return replace(record, copies=tuple(Copy(raw, HOLDER.to_scalar().hex(), 0) for raw in raws))
