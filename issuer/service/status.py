"""The status of issued credentials: states to change, with what hangs on them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from issuer.policy import ENDS_WALLET
from issuer.records import CredentialState, IssuedCredential
from issuer.service.context import IssuerContext
from issuer.service.uses import Uses
from issuer.session.stages import CONVERSATION, REVOKED, Outcome, Session
from issuer.session.tokens import end_configurations, end_tokens
from issuer.usage import By
from protocol.errors import NotFound
from protocol.exchange import Exchange
from runtime.conversation import SessionKey, advance, slow


@dataclass(frozen=True, slots=True)
class StatusService:
    """What was issued, and changing its state."""

    context: IssuerContext

    def credentials_of(self, subject: str) -> Exchange[tuple[IssuedCredential, ...]]:
        """What a person was issued, newest first."""
        return (yield from slow(lambda: self.context.store.credentials_of(subject)))

    def change(
        self,
        credential_id: str,
        wanted: CredentialState,
        actor: str,
        reason: str = "",
        *,
        by: By = By.PROGRAM,
    ) -> Exchange[IssuedCredential]:
        """Revoke, suspend or reinstate a credential with all its copies (T080). A revocation ends its tokens too (T114).

        They end for this document; where the wallet itself is why, or nobody says why, for all that came with it. It is
        logged for whoever the document is about.

        Raises:
            NotFound: no such credential.
            Conflict: it is revoked, and stays so.
        """
        context = self.context
        credential = yield from slow(lambda: context.store.credential(credential_id))
        if credential is None:
            raise NotFound("no such credential")
        if wanted is CredentialState.REVOKED:
            # First the tokens: were we stopped in between, no new credential could be got, and the clerk asks again
            yield from self._end_tokens(credential, actor, reason)
        now = context.now()
        store = context.store
        told = Uses(context).state_changed(credential.session_id, credential.configuration_id, wanted, reason, by)
        return (
            yield from slow(
                lambda: store.change_state(credential_id, wanted, actor=actor, now=now, reason=reason, happened=(told,))
            )
        )

    def _end_tokens(self, credential: IssuedCredential, actor: str, reason: str) -> Exchange[None]:
        types = self.context.types
        known = types.get(credential.configuration_id)
        kin = frozenset(name for name, kind in types.items() if known is not None and kind.family == known.family)

        def end(session: Session) -> Outcome:
            if reason.partition(":")[0] in ENDS_WALLET:
                return end_tokens(session, REVOKED, actor)
            return end_configurations(session, kin | {credential.configuration_id}, REVOKED, actor)

        forgotten = NotFound("this conversation is over")
        with suppress(NotFound):
            yield from advance(SessionKey.of(CONVERSATION, credential.session_id), end, forgotten)
