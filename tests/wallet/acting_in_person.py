"""A parent whose wallet has, to be shown in person, who they are, proofs that they act for two children, and papers of both."""

from dataclasses import replace

from protocol.dcql.query import MDOC, CredentialMeta
from protocol.encoding import JsonObject, encode_json
from protocol.oid4vci.metadata import CredentialConfiguration, Display
from protocol.sovereignty.representation import DOCTYPE
from protocol.trust.registration import RegisteredCredential
from tests.support.papers import elements, mdoc
from tests.support.pki import NOW, seeded_key
from tests.wallet.acting import BEN, MIA, PROOF
from tests.wallet.meeting import ISSUER
from tests.wallet.registrar import ENTRY
from wallet.records import Copy, HeldCredential

PID = "eu.europa.ec.eudi.pid.1"
BIRTH = "org.town.birth.1"
ERIKA: JsonObject = {name: PROOF[name] for name in ("family_name", "given_name", "birthdate")}
NAMES = {PID: "Personal ID", DOCTYPE: "Proof of custody", BIRTH: "Birth certificate"}


def paper(doc_type: str, claims: JsonObject, seed: int) -> HeldCredential:
    """A document as a wallet keeps it, with one copy; `claims` by the names of SD-JWT VC."""
    key = seeded_key(seed)
    raw = mdoc(doc_type, claims, ISSUER, key, seed=seed)
    configuration = CredentialConfiguration(MDOC, doc_type, display=(Display(NAMES[doc_type], "en"),))
    return HeldCredential(
        id=f"{seed:032x}",
        format=MDOC,
        type=doc_type,
        configuration_id=doc_type,
        credential_issuer="https://agency.example",
        issuer_name="City office",
        vouched_by="City authority",
        configuration=encode_json(configuration.to_dict()).decode(),
        claims=encode_json({doc_type: elements(claims)}).decode(),
        received_at=NOW,
        expires_at=0,
        notification_id="",
        copies=(Copy(raw, key.to_scalar().hex(), 0),),
    )


CARD = paper(PID, ERIKA, 100)
PROOFS = {
    child["given_name"]: paper(DOCTYPE, {**PROOF, "represented": child}, 101 + n) for n, child in enumerate((MIA, BEN))
}
BIRTHS = {child["given_name"]: paper(BIRTH, child, 103 + n) for n, child in enumerate((MIA, BEN))}
FAMILY = (CARD, *PROOFS.values(), *BIRTHS.values())


TOWN_HALL = replace(
    ENTRY,
    credentials=tuple(
        [
            RegisteredCredential(MDOC, CredentialMeta.of_type(MDOC, type_), ((type_, element),))
            for type_, element in ((PID, "given_name"), (DOCTYPE, "relation"), (BIRTH, "given_name"))
        ]
    ),
)


def asks_of(doc_type, *elements):
    """What a reader asks of a document."""
    claims = [{"path": [doc_type, element]} for element in elements]
    return {"id": doc_type.replace(".", "-"), "format": MDOC, "meta": {"doctype_value": doc_type}, "claims": claims}


# A proof, the identity of whoever acts, and a document about whom they act for
ASKED = (asks_of(PID, "given_name"), asks_of(DOCTYPE, "relation"), asks_of(BIRTH, "given_name"))
