"""Acting for somebody else, as the wallet tells its user: by what the proof says that it holds, whatever is shown of it."""

from __future__ import annotations

from protocol.errors import Malformed
from protocol.formats import about_subject
from protocol.sovereignty.representation import TYPE, Person, Representation
from wallet.policy.showing import plain
from wallet.records import HeldCredential


def acts_for(held: HeldCredential) -> str:
    """For whom its holder acts with a document, by their first name; empty: it is no proof, or none that is understood."""
    if held.type != TYPE:
        return ""
    try:
        proof = Representation.from_claims(about_subject(held.format, held.read_claims()))
    except Malformed:
        return ""
    whom = proof.represented
    return plain(whom.given_name if isinstance(whom, Person) else whom.name)
