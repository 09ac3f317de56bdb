"""The verifier's side: presentations of every kind, and what is found out about an answer made of them."""

from protocol.dcql.query import DcqlQuery
from protocol.exchange import run
from protocol.holder_binding import KeyBinding
from protocol.oid4vp.response import AuthorizationResponse
from protocol.oid4vp.verify import CheckName, VerificationPolicy, verify_response
from protocol.sdjwt.present import present_sd_jwt
from protocol.status.check import Status, StatusReport
from tests.protocol.oid4vp.samples import NONCE, QUERY, SAN_DNS, STATE, Peer, asked
from tests.protocol.sdjwt.samples import FRAME, HOLDER, PKI, STRANGER, issued, kb_jwt, read
from tests.support.pki import NOW

PID = QUERY["credentials"][0]
CARD = {"id": "card", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:example:card"]}, "claims": [{"path": ["n"]}]}
ASKED = [("given_name",), ("address", "locality")]
CARD_CREDENTIAL = issued(
    {"vct": "urn:example:card", "cnf": {"jwk": STRANGER.public_key.to_jwk()}, "n": 1, "m": 2}, FRAME
)
GOOD = {"given_name": "Erika", "address": {"locality": "Köln"}}
UNBOUND = {**PID, "require_cryptographic_holder_binding": False}
MANY = {**PID, "multiple": True}
ANCHORS = PKI.anchors


def shown(*paths, credential=None, signer=HOLDER, bound=True, **changes):
    """A presentation of these claims, bound to our request."""
    usual = {"audience": str(SAN_DNS), "nonce": NONCE, "issued_at": NOW}
    binding = KeyBinding(signer, **{**usual, **changes}) if bound else None
    return present_sd_jwt(read(credential or issued()), paths or ASKED, binding=binding)


def bound_by_hand(*paths, credential=None, **changes):
    """A presentation with any key binding at all."""
    before = present_sd_jwt(read(credential or issued()), paths or ASKED, binding=None)
    return kb_jwt(before, **{"aud": str(SAN_DNS), "nonce": NONCE, **changes})


def query(*credentials, **members):
    """What is asked: these credential queries, or the usual one."""
    return DcqlQuery.from_dict({"credentials": [*(credentials or (PID,))], **members})


def status(found=Status.VALID, reason="as it is"):
    """A look-up that always finds this; it has no request to send."""

    def status_of(credential):
        yield from ()
        return StatusReport(found, None, NOW, NOW, reason)

    return status_of


VALID = status()


def verify(vp_token, *, asked_query=None, anchors=ANCHORS, policy=None, status_of=VALID, now=NOW, **request):
    """What is found out about an answer."""
    tokens = {id_: (items,) if isinstance(items, str | dict) else tuple(items) for id_, items in vp_token.items()}
    exchange = verify_response(
        AuthorizationResponse(tokens, STATE),
        asked(dcql_query=asked_query or query(), **request),
        anchors=anchors,
        policy=policy or VerificationPolicy(),
        status_of=status_of,
        now=now,
    )
    return run(exchange, Peer())


def lines(found):
    """The seven lines in order: + yes, - no, . neither."""
    assert [check.name for check in found.checks] == list(CheckName)
    for check in found.checks:
        assert bool(check.reason) is (check.passed is not True)
    return "".join({True: "+", False: "-", None: "."}[check.passed] for check in found.checks)


def refused(found):
    """The lines of an answer that was not accepted, which gives away no claim."""
    assert found.accepted is False
    assert (found.claims, found.surplus) == ({}, {})
    return lines(found)


def reason(found, name):
    """What one of the lines says."""
    return next(check.reason for check in found.checks if check.name is name)
