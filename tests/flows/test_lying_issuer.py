"""An issuer whose receipt or cockpit is not what it should be: refused or found, and never asked with the citizen's key."""

from dataclasses import replace

import pytest

from protocol.encoding import encode_json, read_json_object
from protocol.exchange import HttpResponse
from protocol.jws import Jws
from protocol.oid4vci.metadata import CredentialIssuerMetadata, sign_metadata
from protocol.sovereignty.calls import Caller
from protocol.sovereignty.log_heads import LogHead
from protocol.sovereignty.merkle import TreeHead
from protocol.sovereignty.partner_directory import PartnerDirectory, Witnessed, WitnessedPartner
from protocol.sovereignty.receipt import TYP, Receipt
from protocol.sovereignty.signing import Organisation, sign_as_organisation
from protocol.sovereignty.unlinkable import NotCalled
from tests.flows.agency import COCKPIT, agency_town
from tests.support.partners import BANK, OTHER_KEY, TOWN, partner
from tests.support.pki import NOW
from wallet.policy.cockpit.disclosed import cockpit_key, receipt_of
from wallet.service import Wallet

pytestmark = pytest.mark.flow

ELSEWHERE = "https://elsewhere.example/cockpit"
WELL_KNOWN = "/.well-known/openid-credential-issuer"


@pytest.fixture
def town(tmp_path):
    with agency_town(tmp_path) as everybody:
        yield everybody


def lie(town, change, pki=None):
    """Have the agency sign something else."""
    signing = pki or town.office.access

    def spoil(path, found):
        if path != "/credential" or found.status != 200:
            return found
        answer = read_json_object(found.body, "answer")
        if "receipt" not in answer:
            return found
        says = Receipt.from_fields(Jws.from_compact(str(answer["receipt"]), "receipt").peek_claims("receipt"))
        token = sign_as_organisation(TYP, change(says).to_claims(), signing.signer, signing.x5c)
        return HttpResponse(200, found.headers, encode_json({**answer, "receipt": token}))

    town.office.spoil = spoil


def say(town, change=lambda metadata: metadata, *, signed=True):
    """Have the agency say something else of itself."""

    def spoil(path, found):
        if path != WELL_KNOWN:
            return found
        metadata = change(town.desk.issuer.metadata.issuer)
        if not signed:
            return HttpResponse(200, (("content-type", "application/json"),), encode_json(metadata.to_dict()))
        access = town.office.access
        token = sign_metadata(metadata, access.signer, x5c=access.x5c, issued_at=NOW - 1, expires_at=NOW + 900)
        return HttpResponse(200, (("content-type", "application/jwt"),), token.encode())

    town.office.spoil = spoil


LIES = {
    "claims_left_out": lambda says: replace(says, claims={"card": (("given_name",),)}),
    "claims_not_sent": lambda says: replace(says, claims={"card": (*says.claims["card"], ("shoe_size",))}),
    "presentations": lambda says: replace(says, presentations={"card": ("A" * 43,)}),
    "request": lambda says: replace(says, request="A" * 43),
    "key_swapped": lambda says: replace(says, key=OTHER_KEY.public_key.thumbprint()),
    "key_absent": lambda says: replace(says, key=None),
    "issuer": lambda says: replace(says, issuer="https://other.example"),
    "controller": lambda says: replace(
        says, controller=replace(says.controller, organisation=Organisation(BANK.identifier, BANK.country))
    ),
    "endpoint": lambda says: replace(says, cockpit_endpoint=ELSEWHERE),
    "time": lambda says: replace(says, issued_at=NOW - 4000),
    "log_until": lambda says: replace(says, log_until=NOW + 5),
}


@pytest.mark.parametrize("finding", sorted(LIES))
def test_a_receipt_that_lies_is_kept_with_what_is_wrong_and_nobody_is_called(town, finding):
    lie(town, LIES[finding])
    disclosure = town.take("card")
    assert finding in disclosure.receipt.findings
    before = len(town.office.seen)
    looked = town.look(disclosure)
    assert looked.must_not is not None
    assert looked.must_not.reason is NotCalled.RECEIPT_DOES_NOT_MATCH
    assert town.office.seen[before:] == []
    # The document counts all the same
    assert len(town.vault.credentials()) == 1


def test_a_receipt_of_somebody_else_is_nobodys(town):
    stranger = partner(BANK, 7500)
    lie(town, lambda says: says, stranger)
    disclosure = town.take("card")
    assert disclosure.receipt.findings == ("signer",)
    assert receipt_of(disclosure) is None


def test_what_nobody_signed_announces_nothing(town):
    """Whoever answers at an address could name another cockpit for each visitor."""
    say(town, signed=False)
    town.receive(town.office.offer("card"))
    assert town.disclosures() == ()
    assert not [one for one in town.office.seen if b"cockpit_key" in one.body]


def test_a_cockpit_at_another_host_is_not_called(town):
    say(town, lambda metadata: replace(metadata, cockpit_endpoint=ELSEWHERE))
    lie_of_endpoint = LIES["endpoint"]
    announced = town.office.spoil

    def both(path, found):
        found = announced(path, found)
        lie(town, lie_of_endpoint)
        spoiled = town.office.spoil(path, found)
        town.office.spoil = both
        return spoiled

    town.office.spoil = both
    disclosure = town.take("card")
    assert disclosure.receipt.findings == ()
    looked = town.look(disclosure)
    assert looked.must_not.reason is NotCalled.OTHER_HOST


def test_an_endpoint_that_can_hold_a_name_is_no_announcement(town):
    metadata = town.desk.issuer.metadata.issuer.to_dict()
    read = CredentialIssuerMetadata.from_dict({**metadata, "cockpit_endpoint": f"{COCKPIT}?who=anna"})
    assert read.cockpit_endpoint is None


def test_an_agency_that_also_asks_is_listed_with_both_addresses_and_each_log_has_its_own_heads(town):
    disclosure = town.take("card")
    organisation = Organisation(TOWN.identifier, TOWN.country)
    lie = (LogHead("2027", TreeHead(64, b"\x01" * 32)),)
    asking = "https://agency.example/asking/cockpit"

    def follow(*cockpits):
        directory = PartnerDirectory(1, town.now, town.now + 900, (WitnessedPartner(organisation, cockpits),))
        town.wallet = Wallet.of(replace(town.wallet.context, directory=lambda: directory))

    # Who is listed is called where it is listed and nowhere else: it could have left this log out to be without a witness
    follow(Witnessed(asking, lie))
    looked = town.look(disclosure)
    assert looked.must_not is not None
    assert looked.must_not.reason is NotCalled.OTHER_THAN_LISTED
    assert town.wallet.cockpit.collecting.witnessed(looked.disclosure) is None
    # What the other log showed says nothing about this one
    follow(Witnessed(asking, lie), Witnessed(COCKPIT))
    looked = town.look(disclosure)
    assert looked.went_well
    assert town.wallet.cockpit.collecting.witnessed(looked.disclosure) == Witnessed(COCKPIT)
    assert not looked.disclosure.usage.findings
    # Its own heads count
    follow(Witnessed(asking), Witnessed(COCKPIT, lie))
    town.forward(3600)
    looked = town.look(looked.disclosure)
    assert "split_view" in [one.rule for one in looked.disclosure.usage.findings]


def test_what_is_no_request_about_rights_is_none_here_either(town):
    disclosure = town.take("card")
    key = cockpit_key(disclosure)
    assert key is not None
    caller = Caller(key, town.random_bytes, lambda: town.now)
    answer = town.run(caller.call("POST", f"{COCKPIT}/rights", b"a.b.c"))
    assert answer.status == 400
    assert town.desk.run(town.desk.issuer.rights.listed(is_open=True)) == ()
    assert town.run(caller.call("GET", f"{COCKPIT}/rights/one")).status == 404
    assert town.run(caller.call("GET", f"{COCKPIT}/rights/one/answer")).status == 404
