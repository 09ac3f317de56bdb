"""The vectors of docs/sovereignty/rights.md: current, accepted where they should be, and refused where they should."""

import json
from dataclasses import replace

import pytest

import protocol.errors
from protocol.encoding import encode_base64url
from protocol.jws import sign_jws
from protocol.sovereignty.due_dates import first_due, last_due
from protocol.sovereignty.rights import TYP, Concerned, RightsRequest, sign_rights_request, verify_rights_request
from protocol.sovereignty.rights_answer import (
    describe_file,
    open_file,
    open_rights_answer,
    seal_file,
    seal_rights_answer,
)
from protocol.sovereignty.rights_status import TYP as STATUS_TYP
from protocol.sovereignty.rights_status import (
    SentRequest,
    State,
    sign_rights_status,
    verify_rights_status,
)
from protocol.sovereignty.signing import hash_text, sign_as_organisation, sign_with_cockpit_key
from tests.protocol.sovereignty.test_rights import CLAIMS, CONCERNED, WHOLE
from tests.protocol.sovereignty.test_rights_answer import ANSWER
from tests.protocol.sovereignty.test_rights_status import (
    AGAIN,
    EXTENDED,
    HANDED_OUT,
    KEPT,
    PARTLY,
    RECEIVED,
    REFUSED,
    WORKING,
)
from tests.support.partners import AGENCY, BANK, COCKPIT, COCKPIT_KEY, ENC_KEY, OTHER_KEY, RECEIPT
from tests.support.pki import DAY, NOW, seeded, seeded_key
from tests.support.sovereignty_vectors import (
    FOLDER,
    RepeatableSigner,
    check_current,
    private_jwk,
    published_anchors,
    published_partners,
)

FILE = "rights.json"
PARTNERS = published_partners(FILE)
ANCHORS = published_anchors(PARTNERS)
COCKPIT_SIGNER = RepeatableSigner(COCKPIT_KEY)
ACCESS_TOKEN = sign_rights_request(WHOLE, COCKPIT_SIGNER)
REQUEST = verify_rights_request(ACCESS_TOKEN, CONCERNED, now=NOW)
SENT = SentRequest(REQUEST.hash, WHOLE.right, NOW, CLAIMS)
SCAN = b"%PDF-1.7 a scan"
DUE = (1_795_880_100, 1_801_353_599, 1_832_889_600, 1_827_619_200)


def request_with(key=COCKPIT_SIGNER, typ=TYP, **changes):
    claims = {name: value for name, value in {**WHOLE.to_claims(), **changes}.items() if value is not ...}
    return sign_with_cockpit_key(typ, claims, key)


def refused_requests():
    return {
        "another type": ("NotAuthentic", request_with(typ="forwarding-mandate+jwt")),
        "another key": ("NotAuthentic", request_with(RepeatableSigner(OTHER_KEY))),
        "another jwk than the one that signs": (
            "NotAuthentic",
            sign_jws(
                {"typ": TYP, "jwk": OTHER_KEY.public_key.to_jwk()},
                json.dumps(WHOLE.to_claims()).encode(),
                COCKPIT_SIGNER,
            ),
        ),
        "another address": ("NotForThisRequest", request_with(aud=f"{COCKPIT}/")),
        "another receipt": ("NotForThisRequest", request_with(receipt="receipt-of-somebody-else")),
        "from the future": ("NotValidNow", request_with(iat=NOW + 301)),
        "an unknown right": ("Unsupported", request_with(right="forget_me")),
        "access without enc_jwk": ("Malformed", request_with(enc_jwk=...)),
        "enc_jwk is the signing key": ("Malformed", request_with(enc_jwk=COCKPIT_KEY.public_key.to_jwk())),
        "a claim beyond the receipt": ("Malformed", request_with(claims={"pid": [["birthdate"]]})),
        "a short jti": ("Malformed", request_with(jti="1")),
    }


def status(each, organisation=AGENCY):
    partner = PARTNERS[organisation]
    return sign_rights_status(as_asked(each), partner.signer, partner.x5c)


def as_asked(each):
    answer = hash_text(answers()["answer"]) if each.state is State.DONE else None
    return replace(each, right=WHOLE.right, request=REQUEST.hash, answer=answer)


def status_with(each=WORKING, **changes):
    partner = PARTNERS[AGENCY]
    claims = {name: value for name, value in {**as_asked(each).to_claims(), **changes}.items() if value is not ...}
    return sign_as_organisation(STATUS_TYP, claims, partner.signer, partner.x5c)


def refused_statuses():
    return {
        "signed by another organisation": ("NotTrusted", status(WORKING, BANK)),
        "another request": ("NotForThisRequest", status_with(request=hash_text("x"))),
        "another right": ("NotForThisRequest", status_with(right="erasure")),
        "due after a month without a reason": ("Malformed", status_with(due=last_due(NOW))),
        "due after three months": ("Malformed", status_with(EXTENDED, due=last_due(NOW + 10 * DAY))),
        "refused without a remedy": ("Malformed", status_with(REFUSED, remedy=...)),
        "keeps what is not in the receipt": (
            "Malformed",
            status_with(PARTLY, kept=[{"claims": {"pid": [["birthdate"]]}, "why": {"en": "because"}}]),
        ),
        "done without an answer": ("Malformed", status_with(HANDED_OUT, answer=...)),
        "present_again without request_uri": ("Malformed", status_with(AGAIN, request_uri=...)),
        "an unknown state": ("Unsupported", status_with(state="closed")),
    }


def answers():
    partner = PARTNERS[AGENCY]
    answer = replace(ANSWER, request=REQUEST.hash, files=(describe_file("scan.pdf", "application/pdf", SCAN),))
    return {
        "answer": seal_rights_answer(
            answer, REQUEST, partner.signer, partner.x5c, ephemeral=seeded_key(6301), random_bytes=seeded(6302)
        ),
        "file": seal_file(SCAN, REQUEST, ephemeral=seeded_key(6303), random_bytes=seeded(6304)),
        "claims": answer.to_claims(),
        "file_content": encode_base64url(SCAN),
    }


def listed(refused):
    return [{"name": name, "flaw": flaw, "token": token} for name, (flaw, token) in refused.items()]


STATUSES = {
    "received": RECEIVED, "working": WORKING, "present_again": AGAIN, "extended": EXTENDED, "refused": REFUSED,
    "done": HANDED_OUT, "done in part": replace(PARTLY, kept=(KEPT,)),
}  # fmt: skip


def made():
    return {
        "about": "Vectors for docs/sovereignty/rights.md. `flaw` is the kind of error in protocol/errors.py.",
        "now": NOW,
        "partners": {each.organisation.identifier: each.to_dict() for each in PARTNERS.values()},
        "cockpit_key": private_jwk(COCKPIT_KEY),
        "enc_key": private_jwk(ENC_KEY),
        "receipt": {
            "aud": COCKPIT,
            "jti": RECEIPT,
            "key": COCKPIT_KEY.public_key.thumbprint(),
            "claims": {id_: [[*path] for path in paths] for id_, paths in CLAIMS.items()},
        },
        "due": [{"received": at, "first": first_due(at), "last": last_due(at)} for at in DUE],
        "request": {"token": ACCESS_TOKEN, "hash": REQUEST.hash, "claims": WHOLE.to_claims()},
        "refused_requests": listed(refused_requests()),
        "statuses": [
            {"name": name, "token": status(each), "claims": as_asked(each).to_claims()}
            for name, each in STATUSES.items()
        ],
        "refused_statuses": listed(refused_statuses()),
        "answer": answers(),
    }


def test_the_vectors_are_current():
    check_current(FILE, made())


VECTORS = json.loads((FOLDER / FILE).read_bytes()) if (FOLDER / FILE).exists() else made()


def flaw_of(vector):
    return getattr(protocol.errors, vector["flaw"])


def named(vectors):
    return pytest.mark.parametrize("vector", [pytest.param(each, id=each["name"]) for each in vectors])


def test_the_request_is_accepted():
    receipt = VECTORS["receipt"]
    concerned = Concerned(receipt["aud"], receipt["jti"], receipt["key"], CLAIMS)
    found = verify_rights_request(VECTORS["request"]["token"], concerned, now=NOW)
    assert (found.says, found.hash) == (WHOLE, VECTORS["request"]["hash"])
    assert isinstance(found.says, RightsRequest)


@named(VECTORS["refused_requests"])
def test_a_request_is_refused(vector):
    with pytest.raises(flaw_of(vector)):
        verify_rights_request(vector["token"], CONCERNED, now=NOW)


def read_status(token):
    return verify_rights_status(token, SENT, partner=(AGENCY,), anchors=ANCHORS, now=NOW + 2 * DAY)


@named(VECTORS["statuses"])
def test_a_status_is_accepted(vector):
    assert read_status(vector["token"]).says.to_claims() == vector["claims"]


@named(VECTORS["refused_statuses"])
def test_a_status_is_refused(vector):
    with pytest.raises(flaw_of(vector)):
        read_status(vector["token"])


def test_the_answer_and_its_file_are_opened():
    done = next(each for each in VECTORS["statuses"] if each["name"] == "done")
    found = open_rights_answer(
        VECTORS["answer"]["answer"],
        ENC_KEY,
        SENT,
        read_status(done["token"]).says,
        receipt=RECEIPT,
        partner=(AGENCY,),
        anchors=ANCHORS,
        now=NOW + 2 * DAY,
    )
    assert found.says.to_claims() == VECTORS["answer"]["claims"]
    [file] = found.says.files
    assert encode_base64url(open_file(VECTORS["answer"]["file"], ENC_KEY, file)) == VECTORS["answer"]["file_content"]
