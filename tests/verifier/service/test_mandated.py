"""What a source forwards by a mandate is a case at once, renews it with each further use, or is refused and leaves nothing."""

from dataclasses import dataclass, field, replace
from itertools import count
from urllib.parse import urlsplit

import pytest
from cryptography import x509

from protocol.encoding import JsonObject
from protocol.exchange import HttpRequest
from protocol.jws import Jws
from protocol.keys import P256Key
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.request import DIRECT_POST_JWT
from protocol.oid4vp.request_object import ExpectedRequest, verify_request_object
from protocol.sovereignty.forwarded_data import ForwardedData, seal_forwarded_data
from protocol.sovereignty.forwarding import ForwardingMandate, Recipient, sign_mandate
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import Right
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.registration import PUB_EAA_PROVIDER, Registration
from runtime.crl import RevokedCertificate
from tests.support.partners import TOWN, both, partner, subject_of
from tests.support.pki import DAY, NOW, Pki, make_pki, seeded, seeded_key
from tests.support.rights import Asker
from tests.support.services import FORWARD, service_verifier
from tests.support.verifier import IDENTIFIER, PID, Counter, reference_of
from tests.verifier.citizen import ACCESS, WHO
from tests.verifier.service.test_signers import LIST_URI, publish
from tests.wallet.registrar import ENTRY, LISTS, Registrar, registered

ID = "new-name"
NAME = ("family_name",)
KEY = seeded_key(64)  # of the citizen, for this recipient
SOURCE = partner(TOWN, 7310)
# … and with a certificate that says where its authority lists revoked ones
_POINT = x509.DistributionPoint([x509.UniformResourceIdentifier(LIST_URI)], None, None, None)
LISTED = make_pki(
    replace(subject_of(TOWN), extensions=((x509.CRLDistributionPoints([_POINT]), False),)),
    key=seeded_key(7311),
    role=Role.VERIFIER,
)
REGISTRATION: Registration = replace(
    ENTRY,
    name="Town agency",
    identifier=TOWN.identifier,
    country=TOWN.country,
    entitlements=(PUB_EAA_PROVIDER,),
    credentials=(),
    provides=(registered(NAME, vct=PID),),
    expires_at=NOW + 300 * DAY,
)
MANDATE = ForwardingMandate(
    jti="mandate-0123456789abcdef",
    source=TOWN,
    recipient=Recipient(WHO, ID),
    type=PID,
    claims=(NAME,),
    purpose=both("Wir führen Ihre Karte weiter.", "We keep your card up to date."),
    recipient_key=KEY.public_key.thumbprint(),
    issued_at=NOW,
    expires_at=NOW + 60 * DAY,
    max_uses=3,
)
_seeds = count(800)


@dataclass
class Source:
    """An agency that forwards, and the recipient that it forwards to."""

    counter: Counter
    registrar: Registrar
    registration: Registration | None = REGISTRATION
    pki: Pki = SOURCE
    mandate: str = field(default_factory=lambda: sign_mandate(MANDATE, KEY))

    def request(self):
        """What the recipient wants of whoever forwards."""
        return self._read(self.counter.http("POST", f"/services/{ID}/forward").text)

    def asked_otherwise(self):
        """What it wants of a wallet, which is asked for its own answer."""
        made = self.counter.ask(response_mode=DIRECT_POST_JWT)
        return self._read(self.counter.run(self.counter.verifier.requests.open(reference_of(made), None)))

    def _read(self, text):
        context, now = self.counter.verifier.context, self.counter.clock.now
        expected = ExpectedRequest(context.client_id(Prefix.X509_HASH, ""))
        found = verify_request_object(text, expected, anchors=self.counter.wallet_anchors, now=now)
        return self.counter.run(found).request

    def send(self, name="Mustermann", n=1, request=None, **changes):
        """Forward, to what was asked or to another request; what the recipient answers."""
        self.counter.network.answers.pop(LISTS, None)
        if not self.registrar.away:
            self.counter.network.answers[LISTS] = self.registrar.respond(HttpRequest("GET", LISTS))
        request = request or self.request()
        key, enc = request.choose_encryption()
        data: JsonObject = {"family_name": name}
        certificate = None if self.registration is None else self.registrar.certificate(self.registration)
        says = ForwardedData(self.mandate, n, request.nonce, data, self.counter.clock.now, certificate)
        text = seal_forwarded_data(
            replace(says, **changes),
            self.pki.signer,
            self.pki.x5c,
            recipient=key.key,
            kid=key.kid,
            enc=enc,
            ephemeral=P256Key.generate(seeded(next(_seeds))),
            random_bytes=seeded(next(_seeds)),
        )
        return self.counter.http("POST", urlsplit(request.response_uri).path, data={"response": text})

    def taken(self, *args, **how):
        """Forward what is taken; the receipt."""
        answer = self.send(*args, **how)
        assert answer.status_code == 200, answer.text
        token = answer.json()["receipt"]
        return Receipt.from_fields(Jws.from_compact(token, "receipt").peek_claims("receipt"))

    def refused(self, words, *args, status=400, **how):
        """Forward what is refused, with what words; nothing is there afterwards that was not there before."""
        before = self.names()
        answer = self.send(*args, **how)
        assert answer.status_code == status, answer.text
        assert words in answer.json()["error_description"]
        assert self.names() == before

    def names(self):
        """What clerks see."""
        listed = self.counter.run(self.counter.verifier.cases.listed(is_open=True))
        opened = [
            self.counter.run(self.counter.verifier.cases.open(one.id, actor="Ada", role="clerk")) for one in listed
        ]
        return [[line.value for line in one.lines if line.value] for one in opened]

    def asks(self, **changes):
        """From now on its service asks otherwise."""
        use_cases = self.counter.verifier.context.use_cases
        assert isinstance(use_cases, dict)
        use_cases[ID] = replace(use_cases[ID], **changes)


@pytest.fixture
def source(tmp_path, agency):
    registrar = Registrar()
    anchors = TrustAnchors([*agency.anchors.anchors, SOURCE.anchor, LISTED.anchor, registrar.pki.anchor])
    counter = service_verifier(
        f"sqlite:///{tmp_path}/verifier.db",
        anchors,
        {ID: FORWARD},
        access=ACCESS,
        privacy_policy=f"{IDENTIFIER}/privacy",
    )
    registrar.now = counter.clock
    yield Source(counter, registrar)
    counter.close()


def test_the_first_use_is_a_case_and_a_further_one_renews_it_under_the_same_receipt(source):
    first = source.taken("Mustermann")
    assert source.names() == [["Mustermann"]]
    assert first.is_of_mandate
    assert first.key == KEY.public_key.thumbprint()
    assert source.taken("Musterfrau", 2) == first
    assert source.names() == [["Musterfrau"]]


def test_the_same_use_again_gets_the_same_receipt_and_no_earlier_one_comes_after_it(source):
    first = source.taken("Mustermann")
    assert source.taken("Mustermann") == first
    source.taken("Musterfrau", 2)
    source.refused("no further use", "Mustermann", 1)
    source.refused("no further use", "Another", 2)
    assert source.names() == [["Musterfrau"]]


def test_what_was_not_asked_to_be_forwarded_is_not_taken_as_if_it_were(source):
    request = source.asked_otherwise()
    source.mandate = sign_mandate(replace(MANDATE, recipient=Recipient(WHO, "family-name")), KEY)
    answer = source.send(request=request)
    assert answer.status_code == 400
    assert "forwarded data" not in answer.text


def test_a_source_says_what_it_is_registered_for(source):
    source.registration = None
    source.refused("registration: is missing")
    source.registration = replace(REGISTRATION, provides=())
    source.refused("not registered to issue")
    source.registration = REGISTRATION
    source.taken()


@pytest.mark.parametrize("status", [1, 2])
def test_a_registration_that_was_ended_or_stopped_holds_no_more(source, status):
    source.registrar.status = status
    source.refused("does not hold any more")


def test_where_nobody_says_whether_a_registration_holds_it_may_come_again(source):
    source.registrar.away = True
    source.refused("could not be looked up", status=502)
    source.registrar.away = False
    source.taken()


def test_a_mandate_about_another_credential_is_refused(source):
    source.registration = replace(REGISTRATION, provides=(registered(NAME, vct="urn:other:1"),))
    source.mandate = sign_mandate(replace(MANDATE, type="urn:other:1"), KEY)
    source.refused("is not what was asked for")


def test_where_documents_of_named_issuers_are_wanted_none_comes_by_mandate(source):
    source.asks(accepted_issuers=frozenset({"Residents' office"}))
    source.refused("takes documents alone")


def test_one_key_is_for_one_mandate(source):
    source.taken()
    source.mandate = sign_mandate(replace(MANDATE, jti="another-0123456789abcdef"), KEY)
    source.refused("belongs to something else", n=2)


def test_a_source_whose_certificate_was_revoked_forwards_nothing(source):
    source.pki = LISTED
    publish(source.counter, authority=LISTED.root)
    source.taken()
    revoked = RevokedCertificate(LISTED.leaf.certificate.serial_number, NOW)
    source.counter.clock.forward(DAY)
    publish(source.counter, revoked, number=2, authority=LISTED.root)
    source.refused("revoked", "Musterfrau", 2)


def test_whoever_wants_an_end_gets_nothing_forwarded_and_whoever_was_refused_that_does(source):
    receipt = source.taken()
    asked = Asker(source.counter, KEY, receipt.id, receipt.claims, WHO).ask(Right.OBJECTION)
    answer = source.send("Musterfrau", 2)
    assert answer.status_code == 400
    assert "does not want this any more" in answer.json()["error_description"]
    source.counter.run(source.counter.verifier.rights.refuse(asked.id, both("Nein.", "No."), actor="Ada"))
    source.taken("Musterfrau", 2)
    assert source.names() == [["Musterfrau"]]


def test_what_makes_no_case_is_refused(source):
    source.refused("something that the service needs is empty", "")


def test_without_receipts_nothing_is_taken_by_mandate(source, tmp_path):
    context = source.counter.verifier.context
    off = service_verifier(
        f"sqlite:///{tmp_path}/another.db",
        context.anchors,
        {ID: FORWARD},
        access=ACCESS,
        privacy_policy=f"{IDENTIFIER}/privacy",
        cockpit=False,
    )
    replace(source, counter=off).refused("without receipts")
    off.close()


def test_after_its_case_ended_a_further_use_is_a_new_case(source):
    receipt = source.taken()
    source.counter.clock.forward(31 * DAY)
    source.counter.store.sweep(now=source.counter.clock.now, limit=100)
    assert source.names() == []
    assert source.taken("Musterfrau", 2) == receipt
    assert source.names() == [["Musterfrau"]]
