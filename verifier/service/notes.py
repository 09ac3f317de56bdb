"""Notes of a wallet for the form of a service that needs no document: invited, taken sealed, and proposed in the form.

No request comes before such a form, so no answer could bring them. What came waits for the browser that the wallet leads here,
for a few minutes and once; it is attested by nobody, and nothing follows from it before the citizen sends the form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from protocol.encoding import decode_base64url, encode_base64url, encode_json, read_json_object
from protocol.errors import InvalidRequest, Malformed, ProtocolError
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.keys import P256Key
from protocol.oid4vp.request import MAX_NONCE
from protocol.sovereignty.answers import fitting
from protocol.sovereignty.form import Form
from protocol.sovereignty.form_invitation import (
    LIFETIME,
    MAX_STATE,
    FormInvitation,
    open_notes,
    sign_form_invitation,
)
from runtime.conversation import Change, Event, SessionKey, advance, begin, load, with_key
from runtime.seal import DamagedError
from verifier.once_only.case import CaseChange, CaseStage, Draft, drop, new_case_id, no_form
from verifier.service.context import VerifierContext
from verifier.service.forms import Forms
from verifier.session import no_request

NOTED = "noted form"  # kind of key: the code by which a browser takes up what its wallet brought
_STATE = "form invitation"


@dataclass(frozen=True, slots=True)
class Notes:
    """From the question for an invitation to the form in which the notes are proposed."""

    context: VerifierContext
    forms: Forms

    def invite(self, id_: str, wallet_nonce: str | None) -> Exchange[str]:
        """Invite a wallet. Nothing is kept: what opens its notes is sealed into the state that comes back with them.

        Raises:
            NotFound: no such service, or one that has a request of its own, or asks nothing.
            InvalidRequest: the wallet says no nonce.
            TooManyRequests: too many begin it at the moment (T195).
        """
        form = self._form(id_)
        if not wallet_nonce:
            raise InvalidRequest("wallet_nonce: is missing")
        self.forms.limit.spend(id_)
        context, now = self.context, self.context.now()
        key = P256Key.generate(context.random_bytes)
        state = encode_json({"key": key.to_scalar().hex(), "nonce": wallet_nonce, "exp": now + LIFETIME})
        signing = context.signing
        invitation = FormInvitation(
            service=id_,
            nonce=wallet_nonce,
            takes=tuple([field.name for field in form.fields]),
            endpoint=context.service_notes(id_),
            key=key.public_key,
            state=encode_base64url(context.sealer.seal(state, f"{_STATE} {id_}")),
            issued_at=now,
            expires_at=now + LIFETIME,
        )
        return (
            yield from with_key(signing.signer, lambda: sign_form_invitation(invitation, signing.signer, signing.x5c))
        )

    def bring(self, id_: str, form: Mapping[str, str]) -> Exchange[str]:
        """Take notes that were sealed to an invitation; where the browser goes on, with a code that is good once.

        Raises:
            NotFound: no such service, or one that takes no notes.
            InvalidRequest: they are for no invitation of this service that is good now, or cannot be read.
            TooManyRequests: too many begin it at the moment (T195).
        """
        asks, context, now = self._form(id_), self.context, self.context.now()
        self.forms.limit.spend(id_)
        key, nonce = self._opened(id_, form.get("state", ""), now)
        try:
            answers = open_notes(form.get("notes", ""), nonce, key)
        except ProtocolError as error:
            raise InvalidRequest("notes: cannot be read") from error
        kept = fitting(answers, asks, [field.name for field in asks.fields])
        code, made = context.new_secret(), new_case_id(context.random_bytes)
        sealed = encode_base64url(context.sealer.seal(encode_json(kept), f"notes {made}"))
        first: Change[CaseStage, CaseChange] = Change(
            Draft(made, id_, now, sealed),
            keys=(SessionKey.of(NOTED, code),),
            events=(Event("notes brought", made, detail=id_),),
        )
        yield from begin(first, now + LIFETIME)
        return f"{context.service_noted(id_)}?{urlencode({'code': code})}"

    def take_up(self, id_: str, code: str, secret: str) -> Exchange[str]:
        """Propose what a wallet brought in the form of the browser that it led here, once; the secret of that form.

        Raises:
            NotFound: another code, used before, for another service, or too old.
        """
        self._form(id_)
        context, key = self.context, SessionKey.of(NOTED, code)
        brought = yield from load(key, no_form(), Draft)
        now = context.now()
        if brought.service != id_ or now >= brought.began_at + LIFETIME:
            raise no_form()
        plain = context.sealer.open(decode_base64url(brought.content), f"notes {brought.id}")
        secret = yield from self.forms.for_browser(id_, secret)
        # Whoever comes second finds nothing, whatever they have read before
        yield from advance(key, lambda stage: drop(stage, key, now=now), no_form())
        yield from self.forms.propose(id_, secret, read_json_object(plain, "notes"))
        return secret

    def _form(self, id_: str) -> Form:
        """The questions of a service that makes no request of its own."""
        service = self.forms.service(id_)
        asks = service.announced.asks
        if service.use_case is not None or asks is None or not asks.fields:
            raise no_request()
        return asks

    def _opened(self, id_: str, state: str, now: int) -> tuple[P256Key, str]:
        try:
            sealed = decode_base64url(state, "state") if len(state) <= MAX_STATE else b""
            said = Fields(read_json_object(self.context.sealer.open(sealed, f"{_STATE} {id_}"), "state"), "state")
        except (DamagedError, Malformed) as error:
            raise InvalidRequest("state: is of no invitation to this form") from error
        if now >= said.time("exp"):
            raise InvalidRequest("state: the invitation is too old")
        return P256Key.from_scalar(bytes.fromhex(said.text("key"))), said.text("nonce", max_length=MAX_NONCE)
