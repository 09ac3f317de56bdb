"""The commands of a partner for its registration and its access certificate."""

import tomllib
from contextlib import contextmanager
from dataclasses import replace

import pytest

from capabilities.registration.party import Party
from protocol.csr import verify_request
from protocol.dcql.query import CredentialMeta
from protocol.errors import Malformed
from protocol.keys import P256Key
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.trust.anchors import Role
from protocol.trust.registration import RegisteredCredential, sign_registration
from runtime import system
from runtime.installation import open_keys
from runtime.keyfolder import KeyFolder
from runtime.seal import Sealer
from runtime.settings import Environment
from tests.protocol.trust.test_registration import LEAST, PROVIDER
from tests.support.pki import AUTHORITY, DAY, NOW, Template, make_pki
from tests.verifier.test_cli import AGE, PID, _demo, data, done, library, refused
from verifier.app import create_app, open_store, open_verifier
from verifier.config import VerifierSettings

__all__ = ["_demo", "data", "library"]


@pytest.fixture
def registered(library):
    """The same partner with the access certificate of a registrar."""
    ours = KeyFolder(library, Sealer.from_file(library / "seal.key"))
    key = ours.key("access")
    assert isinstance(key, P256Key)
    issued = make_pki(Template(common_name="City library", identifier=LEAST.identifier), key=key, role=Role.VERIFIER)
    ours.replace_chain("access", issued.certificates)
    return library


def _register(library, *paths, intended_use="over-18", **changes):
    """Put a registration certificate into the folder."""
    plain = RegisteredCredential("dc+sd-jwt", CredentialMeta(("urn:eudi:pid:1",)), paths)
    mdoc = RegisteredCredential("mso_mdoc", CredentialMeta(doctype_value=PID), ((PID, "age_over_18"),))
    now = system.now()
    says = replace(
        LEAST,
        credentials=(plain, mdoc),
        intended_use=intended_use,
        issued_at=now - 10,
        expires_at=now + 1000,
        **changes,
    )
    folder = library / "registrations"
    folder.mkdir(exist_ok=True)
    (folder / "own.jwt").write_text(sign_registration(says, PROVIDER.signer, PROVIDER.x5c))


def test_a_registration_of_somebody_else_is_not_shown(library, capsys):
    """T170: wallets would refuse it with the access certificate of this partner."""
    _register(library, AGE)
    settings = VerifierSettings.read(library)
    create_app(settings)
    assert "registration of another party" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"own\.jwt is not for who stands in the access certificate"):
        create_app(settings.model_copy(update={"env": Environment.PRODUCTION}))


def test_a_partner_in_production_does_not_start_beyond_its_registration(registered):
    """T170: the message names the use case and what it asks."""
    library = registered
    settings = VerifierSettings.read(library)
    live = settings.model_copy(update={"env": Environment.PRODUCTION})
    create_app(live)  # shows no registration, so nothing is compared
    _register(library, AGE)
    create_app(live)
    _register(library, ("family_name",))
    with pytest.raises(ValueError, match=r'use case over-18: own\.jwt does not cover pid \["age_equal_or_over","18"\]'):
        create_app(live)
    _register(library, AGE, intended_use="other")
    with pytest.raises(ValueError, match="use case over-18: no registration certificate that is good now is for it"):
        create_app(live)


def test_elsewhere_a_partner_is_warned(library, capsys):
    _register(library, ("family_name",))
    app = create_app(VerifierSettings.read(library))
    assert app.state.verifier.context.refuse_unregistered is False
    said = capsys.readouterr().out
    assert "beyond the registration" in said
    assert "over-18" in said


def test_a_broken_registration_is_named(library):
    (library / "registrations").mkdir()
    (library / "registrations" / "broken.jwt").write_text("x")
    with pytest.raises(Malformed, match=r"broken\.jwt"):
        create_app(VerifierSettings.read(library))


def test_an_access_certificate_is_asked_for_and_taken_into_use(library, tmp_path):
    printed = done(library, "csr")
    key, held = verify_request(printed.encode()), open_keys(library, None).key("access")
    assert isinstance(held, P256Key)
    assert key == held.public_key
    out = tmp_path / "request.pem"
    assert "Hand it to whoever issues" in done(library, "csr", "--out", str(out))
    assert verify_request(out.read_bytes()) == key
    issued = make_pki(
        Template(
            common_name="City library",
            identifier="VATDE-123456789",
            not_before=NOW - 10 * 365 * DAY,
            not_after=NOW + DAY,
        ),
        root=replace(AUTHORITY, not_before=NOW - 10 * 365 * DAY),
        key=held,
        role=Role.VERIFIER,
    )
    file = tmp_path / "chain.pem"
    file.write_bytes(issued.leaf.pem + issued.root.pem)
    assert done(library, "install-certificate", str(file)) == (
        "From the next start on, wallets see City library (VATDE-123456789).\n"
    )
    with _opened_store(library) as store:
        context = open_verifier(VerifierSettings.read(library), store).context
        assert context.signing.x5c == issued.x5c
        ClientId.of_certificate(issued.leaf.der)
        assert context.client_id(Prefix.X509_HASH, "") == ClientId.of_certificate(issued.leaf.der)


def test_a_certificate_for_another_key_is_not_taken(library, tmp_path):
    before = (library / "access.pem").read_bytes()
    stranger = make_pki(
        Template(not_before=NOW - 10 * 365 * DAY), root=replace(AUTHORITY, not_before=NOW - 10 * 365 * DAY)
    )
    file = tmp_path / "chain.pem"
    file.write_bytes(stranger.leaf.pem)
    assert "belongs to another key; nothing was changed" in refused(library, "install-certificate", str(file))
    file.write_bytes(b"nothing")
    assert "chain.pem" in refused(library, "install-certificate", str(file))
    assert (library / "access.pem").read_bytes() == before


@contextmanager
def _opened_store(library):
    store = open_store(VerifierSettings.read(library))
    yield store
    store.database.dispose()


def test_a_registration_file_says_what_the_use_cases_ask(library):
    """Filled in, it is what a registrar takes."""
    text = done(library, "registration")
    members = tomllib.loads(text)
    asked = {use["id"]: use["credentials"] for use in members["uses"]}
    assert [one["claims"] for one in asked["over-18"]] == [
        [["age_equal_or_over", "18"]],
        [["eu.europa.ec.eudi.pid.1", "age_over_18"]],
    ]
    with pytest.raises(Malformed) as refusal:
        Party.from_toml(text, "registration.toml")
    assert refusal.value.at == "registration.toml.identifier"
    authority = {"name": "Datenschutz", "country": "DE", "email": "post@aufsicht.example"}
    filled = {
        **members,
        "identifier": "NTRDE-HRB 4711",
        "country": "DE",
        "email": "post@library.example",
        "phone": "+49 1",
        "address": {"street": "a", "locality": "b", "postal_code": "c"},
        "supervisory_authority": authority,
        "uses": [
            {**use, "privacy_policy": "https://library.example/privacy", "legal_basis": "GDPR Art. 6 (1) b"}
            for use in members["uses"]
        ],
    }
    assert [use.id for use in Party.from_dict(filled).uses] == [use["id"] for use in members["uses"]]
