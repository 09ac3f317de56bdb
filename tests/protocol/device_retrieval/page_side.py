"""A page that asks for documents, and reads what its browser hands it."""

from dataclasses import dataclass

from protocol.device_retrieval.page import ask_documents, read_documents_answer
from protocol.device_retrieval.question import DeviceQuestion
from protocol.exchange import run
from protocol.mdoc.org_iso_mdoc import EncryptionInfo
from protocol.oid4vp.response import AuthorizationResponse
from protocol.oid4vp.verify import VerificationPolicy, verify_response
from tests.protocol.device_retrieval.samples import ASKED, ISSUER, READER_PKI, is_valid, refuse_all
from tests.support.pki import NOW, seeded_key

ORIGIN, EVIL = "https://hire.example", "https://evil.example"
NONCE = bytes(range(32))


@dataclass
class Page:
    """A page that asks, with the key that it reads answers with."""

    origin: str = ORIGIN
    nonce: bytes = NONCE
    key_seed: int = 50

    @property
    def key(self):
        return seeded_key(self.key_seed)

    @property
    def encryption(self):
        return EncryptionInfo.of(self.nonce, self.key.public_key)

    def asks(self, asked=ASKED, *, signer=READER_PKI.signer, chain=READER_PKI.certificates, registration=None):
        return ask_documents(asked, self.encryption, self.origin, signer=signer, chain=chain, registration=registration)

    def question(self, asked=ASKED):
        return DeviceQuestion(asked, self.encryption.handover(self.origin))

    def reads(self, data, asked=ASKED):
        return read_documents_answer(data, self.question(asked), self.key)

    def judges(self, data, asked=ASKED):
        response = self.reads(data, asked)
        assert isinstance(response, AuthorizationResponse)
        exchange = verify_response(
            response,
            self.question(asked),
            anchors=ISSUER.anchors,
            policy=VerificationPolicy(),
            status_of=is_valid,
            now=NOW,
        )
        return run(exchange, refuse_all)
