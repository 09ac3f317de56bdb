"""An issuer and a verifier as processes, several of each on one database, with wallets and a look into their stores."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from issuer.app import open_store as open_issuer_store
from issuer.config import IssuerSettings
from issuer.database.register import SqlRegister
from issuer.database.store import SqlIssuerStore
from issuer.installation import NewIssuer, set_up_issuer
from protocol.formats import FORMATS, IssuerSigner
from protocol.formats import Issuance as CredentialToIssue
from protocol.keys import P256Key
from protocol.sdjwt.issue import Frame
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from runtime.anchors import read_certificate, write_anchor
from runtime.api_keys import new_api_key
from tests.support.patient import Holder, Presenter
from tests.support.pki import AUTHORITY, DAY, LEAF, make_pki
from tests.support.processes import Service, killed_at_the_end
from tests.support.verifier import CLAIMS, DISCLOSABLE, PID, QUERY, Held
from verifier.app import open_store as open_verifier_store
from verifier.config import VerifierSettings
from verifier.database.store import SqlVerifierStore
from verifier.installation import ANCHORS, NewVerifier, set_up_verifier

PROCESSES = 2  # of each role
ISSUER, VERIFIER = "issuer", "verifier"
IDENTIFIERS = {ISSUER: "http://agency.localhost", VERIFIER: "http://library.localhost"}
PERSON = "anna"
TYPE = "member"
_TYPE = """
id = "member"
vct = "urn:test:member:1"
validity_days = 30
batch_size = 10
[name]
de = "Mitglied"
en = "Member"
[description]
de = "Mitglied."
en = "Member."
[look]
background_color = "#1F6F5C"
text_color = "#FFFFFF"
[[claims]]
path = ["given_name"]
type = "text"
label = { de = "Vorname", en = "First name" }
mandatory = true
"""


@dataclass(frozen=True, slots=True)
class ProcessTown:
    """Both services while they run."""

    services: dict[str, Service]
    issuer: SqlIssuerStore
    verifier: SqlVerifierStore
    issuer_key: str
    verifier_key: str
    held: Held  # a credential of another issuer, whom the verifier trusts
    anchors: TrustAnchors  # of the wallets

    def holder(self, random: Random) -> Holder:
        """A wallet that takes up offers."""
        return Holder(self.services[ISSUER], self.issuer_key, TYPE, PERSON, random)

    def presenter(self, random: Random) -> Presenter:
        """A wallet that answers requests."""
        return Presenter(self.services[VERIFIER], self.verifier_key, QUERY, self.held, self.anchors, random)


@contextmanager
def process_town(folder: Path, database_url: str) -> Iterator[ProcessTown]:
    """Set up and serve while the block lasts; an empty `database_url` is SQLite, a file for each role."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        environment.setenv("HOHEIT_ISSUER_TYPES_FOLDER", str(folder / "types"))
        (folder / "types").mkdir()
        (folder / "types" / f"{TYPE}.toml").write_text(_TYPE)
        now = int(time.time())
        data = {role: folder / role for role in IDENTIFIERS}
        names = (("de", "Stadt"),)
        new_issuer = NewIssuer(data[ISSUER], IDENTIFIERS[ISSUER], names, types=(TYPE,), database_url=database_url)
        set_up_issuer(new_issuer, now=now, random_bytes=os.urandom)
        new_verifier = NewVerifier(data[VERIFIER], IDENTIFIERS[VERIFIER], names, database_url=database_url)
        authority = set_up_verifier(new_verifier, now=now, random_bytes=os.urandom)
        verifier_anchor = TrustAnchor(read_certificate(authority, "authority"), Role.VERIFIER, "Stadt")
        held, issuer_pem = _credential(now)
        write_anchor(data[VERIFIER] / ANCHORS, "issuer.pem", issuer_pem, role=Role.ISSUER, name="Issuer")

        # The processes find no tables: they all begin with the migration, at the same time
        services = {role: Service.start(role, IDENTIFIERS[role], data[role], PROCESSES) for role in IDENTIFIERS}
        with killed_at_the_end(*services.values()):
            issuer = open_issuer_store(IssuerSettings.read(data[ISSUER]))
            verifier = open_verifier_store(VerifierSettings.read(data[VERIFIER]))
            SqlRegister(issuer.database).put({PERSON: {"given_name": "Anna"}})
            issuer_key, issuer_record = new_api_key("test", now=now, random_bytes=os.urandom)
            issuer.api_keys.put(issuer_record)
            verifier_key, verifier_record = new_api_key("test", now=now, random_bytes=os.urandom)
            verifier.api_keys.put(verifier_record)
            anchors = TrustAnchors([verifier_anchor])
            yield ProcessTown(services, issuer, verifier, issuer_key, verifier_key, held, anchors)
            issuer.database.dispose()
            verifier.database.dispose()


def _credential(now: int) -> tuple[Held, bytes]:
    """A credential that is good by the clock on the wall, as the processes see it, and the PEM of its authority."""
    leaf, root = (replace(template, not_before=now - DAY, not_after=now + 30 * DAY) for template in (LEAF, AUTHORITY))
    pki = make_pki(leaf, root=root)
    holder = P256Key.generate(os.urandom)
    to_issue = CredentialToIssue(
        type=PID,
        claims=CLAIMS,
        frame=Frame.of(DISCLOSABLE),
        holder_key=holder.public_key,
        issued_at=now - DAY // 2,
        expires_at=now + DAY,
        status=None,
    )
    raw = FORMATS["dc+sd-jwt"].issue(to_issue, IssuerSigner(pki.signer, pki.x5c), os.urandom)
    return Held(raw, holder), pki.root.pem
