"""HAIP 1.0 §4.1, §6.1: what the issuer says of itself and signs; and the switch that turns it all on."""

from dataclasses import replace

import pytest

from issuer.app import create_app
from issuer.config import IssuerSettings
from issuer.installation import NewIssuer, set_up_issuer
from issuer.service.haip import check_ready
from protocol.errors import InvalidProof
from protocol.formats import IssuerSigner
from protocol.jws import Jws
from protocol.oid4vci.metadata import CredentialIssuerMetadata, verify_signed_metadata
from runtime.system import now, random_bytes
from tests.issuer.service.haip.asking import HAIP, metadata
from tests.support.issuer import IDENTIFIER, make_issuer, small_types
from tests.support.pki import NOW, self_signed


def test_every_configuration_has_a_scope_of_its_own(http, desk):
    configurations = metadata(http)["credential_configurations_supported"]
    scopes = [configuration["scope"] for configuration in configurations.values()]
    assert len(set(scopes)) == len(scopes) == 3
    types = {**desk.issuer.context.types}
    types["badge"] = replace(types["badge"], scope="member")
    with pytest.raises(ValueError, match="scope member"):
        check_ready(desk.with_context(types=types).issuer.context)


def test_bound_credentials_have_a_nonce_endpoint(http):
    found = metadata(http)
    assert found["nonce_endpoint"] == f"{IDENTIFIER}/nonce"
    assert http.post("/nonce").json()["c_nonce"]


def test_batches_are_announced_or_not_given(http, provider, wallet, tokens):
    assert metadata(http)["batch_credential_issuance"] == {"batch_size": 10}
    single = make_issuer(types={"badge": replace(small_types()["badge"], batch_size=1)}, policy=HAIP)
    with single.browser() as http_of_single:
        assert "batch_credential_issuance" not in metadata(http_of_single)
    with pytest.raises(InvalidProof):
        wallet.issue_attested(tokens, [wallet.new_key() for _ in range(11)])


def test_metadata_is_signed_below_an_anchor(http, desk):
    text = http.get("/.well-known/openid-credential-issuer", headers={"accept": "application/jwt"}).text
    found, _ = verify_signed_metadata(text, identifier=IDENTIFIER, anchors=desk.pki.anchors, now=NOW)
    assert found == CredentialIssuerMetadata.from_dict(metadata(http))
    assert desk.pki.root.certificate.to_x5c() not in Jws.from_compact(text, "metadata").header.x5c


def test_credentials_and_status_lists_are_signed_below_an_anchor(http, desk, wallet, tokens):
    """§6.1, §6.1.1"""
    [raw] = wallet.issue_attested(tokens).credentials
    [kept] = desk.store.credentials_of("anna")
    listed = http.get(f"/status/{kept.status_list}").text
    for text in (raw.split("~")[0], listed):
        assert Jws.from_compact(text, "token", max_characters=1 << 24).header.x5c == desk.pki.x5c


def test_a_signing_certificate_that_vouches_for_itself_is_refused_at_the_start(desk):
    """§6.1.1"""
    check_ready(desk.issuer.context)
    alone = self_signed()
    signing = IssuerSigner(alone.signer, (alone.certificate.to_x5c(),))
    with pytest.raises(ValueError, match="vouches for itself"):
        check_ready(desk.with_context(signing=signing).issuer.context)


def test_encryption_is_offered(http, desk):
    assert {"credential_request_encryption", "credential_response_encryption"} <= set(metadata(http))
    with pytest.raises(ValueError, match="encryption-key"):
        check_ready(desk.with_context(decrypters={}).issuer.context)


def test_the_switch_is_off_by_default_and_turns_on_all_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    monkeypatch.delenv("HOHEIT_ISSUER_HAIP", raising=False)
    said = {"data": tmp_path, "public_url": IDENTIFIER, "name": {"de": "Amt"}}
    assert not IssuerSettings(**said).haip
    monkeypatch.setenv("HOHEIT_ISSUER_HAIP", "true")
    assert IssuerSettings(**said).haip
    with pytest.raises(ValueError, match="haip needs require_dpop"):
        IssuerSettings(**said, require_dpop=False)


def test_an_installation_under_haip_serves_and_an_incomplete_one_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    monkeypatch.setenv("HOHEIT_ISSUER_HAIP", "true")
    data = tmp_path / "issuer"
    set_up_issuer(NewIssuer(data, IDENTIFIER, (("de", "Amt"),)), now=now(), random_bytes=random_bytes)
    app = create_app(IssuerSettings.read(data))
    assert app.state.issuer.context.policy.haip
    app.state.driver.close()
    (data / "encryption.key").unlink()
    with pytest.raises(ValueError, match="encryption-key"):
        create_app(IssuerSettings.read(data))
