"""HAIP 1.0 §4.1, §6.1, §6.1.1, §7 and §8, the wallet's side: which documents, lists and metadata it takes and refuses."""

from dataclasses import replace

import pytest

from protocol.encoding import decode_base64url, encode_base64url, encode_json, read_json_object
from protocol.errors import InvalidRequest
from protocol.jws import sign_jws
from protocol.oid4vci.metadata import sign_metadata
from protocol.sdjwt.issue import issue_sd_jwt
from tests.support.pki import NOW, Template, seeded, self_signed
from tests.support.provider import make_provider
from tests.wallet.counterpart_agency import AGENCY, CLAIMS, FRAME, VCT, Agency, answer
from tests.wallet.counterparts import World
from tests.wallet.service.status_host import STATUS_URI, StatusHost
from tests.wallet.vetting import vetted_world
from wallet.policy.presenting import Caution
from wallet.provider.policy import ProviderPolicy

STATUS = "https://status.example"


def alone(pki):
    """A certificate by which the agency's own key vouches for itself, under the agency's name."""
    return (self_signed(Template(common_name="City of Köln"), pki.signer).certificate.to_x5c(),)


def with_the_anchor(pki):
    return (*pki.x5c, pki.root.certificate.to_x5c())


def without_chain(_):
    return ()


CHAINS = pytest.mark.parametrize("chain", [alone, with_the_anchor, without_chain], ids=lambda made: made.__name__)


@pytest.fixture
def office(tmp_path):
    made = make_provider(f"sqlite:///{tmp_path}/provider.db", policy=ProviderPolicy(open_enrolment=True))
    yield made
    made.close()


@pytest.fixture
def world(vault, office):
    """A wallet that is told to insist on HAIP, between its provider and an agency that does all of it."""
    return vetted_world(vault, office, haip=True)


# §4.1: signed metadata


@CHAINS
def test_metadata_comes_with_a_chain_below_an_anchor(world, chain):
    """T083. What is signed in another way counts as unsigned."""
    agency = world.agency
    text = sign_metadata(
        agency.metadata, agency.pki.signer, x5c=chain(agency.pki), issued_at=NOW - 10, expires_at=NOW + 1000
    )
    # Asked again without a signature, it says the same in clear
    agency.refuse["/.well-known/openid-credential-issuer"] = [answer(text, media_type="application/jwt")]
    with pytest.raises(InvalidRequest, match="signed"):
        world.run(world.wallet.receiving.look(agency.offer()))
    assert not any(request.url.startswith((f"{AGENCY}/token", f"{AGENCY}/par")) for request in agency.seen)
    assert world.run(world.wallet.receiving.look(agency.offer()))


def test_metadata_is_signed_with_es256(world):
    """§7, T001"""
    agency = world.agency
    text = sign_metadata(
        agency.metadata, agency.pki.signer, x5c=agency.pki.x5c, issued_at=NOW - 10, expires_at=NOW + 1000
    )
    head, body, _ = text.split(".")
    members = read_json_object(decode_base64url(head), "header")
    assert members["alg"] == "ES256"
    weak = f"{encode_base64url(encode_json({**members, 'alg': 'HS256'}))}.{body}.{encode_base64url(b'x' * 32)}"
    agency.refuse["/.well-known/openid-credential-issuer"] = [answer(weak, media_type="application/jwt")]
    with pytest.raises(InvalidRequest, match="algorithm"):
        world.run(world.wallet.receiving.look(agency.offer()))
    agency.refuse["/.well-known/openid-credential-issuer"] = [answer(text, media_type="application/jwt")]
    assert world.run(world.wallet.receiving.look(agency.offer()))


# §6.1, §6.1.1: documents


def written_by_hand(world, *, header=(), **changes):
    """Have the agency issue credentials with other claims and header than ours writes; None takes one out."""
    agency = world.agency

    def issue(key, *, seed=20):
        claims = {**CLAIMS, "vct": VCT, "iat": NOW - 5, "exp": NOW + 100_000, "cnf": {"jwk": key.to_jwk()}, **changes}
        return issue_sd_jwt(
            {name: value for name, value in claims.items() if value is not None},
            FRAME,
            header={"typ": "dc+sd-jwt", "x5c": list(agency.pki.x5c), **dict(header)},
            signer=agency.pki.signer,
            random_bytes=seeded(seed),
        )

    agency.issue = issue


def refused(world):
    """Nothing is kept, and the agency is told that what it gave was no good."""
    assert world.receive() == ()
    assert world.vault.credentials() == ()
    assert world.agency.notifications == [{"notification_id": "notification-1", "event": "credential_failure"}]
    return True


def test_a_document_by_hand_is_as_good_as_one_of_ours(world):
    written_by_hand(world)
    assert len(world.receive()) == 1


@CHAINS
def test_a_document_comes_with_a_chain_below_an_anchor(world, chain):
    """T083"""
    written_by_hand(world, header={"x5c": list(chain(world.agency.pki))})
    assert refused(world)


@pytest.mark.parametrize("cnf", [{"kid": "did:key:z1"}, {}, None], ids=str)
def test_a_document_holds_the_key_that_it_is_bound_to(world, cnf):
    """T150"""
    written_by_hand(world, cnf=cnf)
    assert refused(world)


def test_a_status_is_kept_in_a_list(world):
    listed = {"idx": 3, "uri": STATUS_URI}
    written_by_hand(world, status={"other": listed})
    assert refused(world)
    written_by_hand(world, status={"status_list": listed})
    assert len(world.receive()) == 1


def test_another_type_of_token_is_no_document(world):
    """§5.3.2"""
    written_by_hand(world, header={"typ": "JWT"})
    assert refused(world)


def test_a_document_in_another_serialization_is_refused(world):
    world.agency.spoil = lambda credentials: [encode_json({"payload": "e30", "signatures": []}).decode()]
    assert refused(world)


def test_digests_are_made_with_sha_256(world):
    """§8, T035"""
    written_by_hand(world)
    original = world.agency.issue

    def issue(key, *, seed=20):
        signed, _, disclosures = original(key, seed=seed).partition("~")
        head, body = (read_json_object(decode_base64url(part), "part") for part in signed.split(".")[:2])
        assert (head.pop("alg"), body["_sd_alg"]) == ("ES256", "sha-256")
        return f"{sign_jws(head, encode_json({**body, '_sd_alg': 'sha-1'}), world.agency.pki.signer)}~{disclosures}"

    world.agency.issue = issue
    assert refused(world)
    world.agency.issue = original
    assert len(world.receive()) == 1


# §6.1: status lists


@CHAINS
def test_a_status_list_comes_with_a_chain_below_an_anchor(vault, chain):
    """T069, T083. A list that is not believed says nothing."""
    agency = Agency(status_uri=STATUS_URI)
    host = StatusHost(agency.pki, values=dict.fromkeys((20, 21, 22), 1))
    world = World(vault, agency, more={STATUS: host})
    world.receive()
    world.wallet = type(world.wallet).of(replace(world.wallet.context, haip=True))
    host.x5c = chain(agency.pki)
    [shown] = world.run(world.wallet.keeping.look_up_status())
    assert host.seen, "it was looked up"
    assert shown.cautions == ()
    host.x5c = None
    [shown] = world.run(world.wallet.keeping.look_up_status())
    assert shown.cautions == (Caution.REVOKED,)


def test_without_the_profile_the_issuer_s_own_key_needs_no_chain(vault):
    agency = Agency(status_uri=STATUS_URI)
    host = StatusHost(agency.pki, x5c=(), values=dict.fromkeys((20, 21, 22), 1))
    world = World(vault, agency, more={STATUS: host})
    world.receive()
    [shown] = world.run(world.wallet.keeping.look_up_status())
    assert shown.cautions == (Caution.REVOKED,)
