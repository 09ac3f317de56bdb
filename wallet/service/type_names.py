"""Names that are asked of whoever publishes a credential's type: while it is received, and only as long as people wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from protocol.credential import VerifiedCredential
from protocol.errors import ProtocolError, Unreachable
from protocol.exchange import Exchange, HttpRequest
from protocol.formats import format_of
from protocol.oid4vci.metadata import CredentialConfiguration
from protocol.sdjwt.type_metadata import TypeMetadata
from wallet.policy.naming import lacks_names, named_by_type

MAX_SECONDS = 5  # for the types of everything that is received together


@dataclass(slots=True)
class TypeNames:
    """The names for everything that is received together. The clock begins when the first one is asked for."""

    now: Callable[[], int]  # epoch seconds
    _deadline: int | None = None  # epoch seconds

    def complete(
        self, credential: VerifiedCredential, configuration: CredentialConfiguration
    ) -> Exchange[CredentialConfiguration]:
        """The configuration with names for everything, asked of the type only where the issuer has none (T262).

        This is the one time that anybody is asked: names are kept with the credential, so later nobody hears of it. What
        does not come in time stays without a name.

        Raises:
            Malformed: the credential breaks a rule of its type.
        """
        if not lacks_names(configuration, credential.claims):
            return configuration
        metadata = yield from self._in_time(format_of(credential.format).fetch_type(credential))
        return configuration if metadata is None else named_by_type(configuration, metadata, credential.claims)

    def _in_time(self, exchange: Exchange[TypeMetadata | None]) -> Exchange[TypeMetadata | None]:
        """The same exchange, whose requests have no more than the time that is left; after it they find nobody (T210)."""
        try:
            effect = next(exchange)
            while True:
                try:
                    outcome = yield self._hurried(effect)
                except ProtocolError as error:
                    effect = exchange.throw(error)
                else:
                    effect = exchange.send(outcome)
        except StopIteration as end:
            metadata: TypeMetadata | None = end.value
            return metadata
        finally:
            exchange.close()

    def _hurried(self, effect: object) -> object:
        if not isinstance(effect, HttpRequest):
            return effect
        if self._deadline is None:
            self._deadline = self.now() + MAX_SECONDS
        left = self._deadline - self.now()
        if left <= 0:
            raise Unreachable("whoever publishes the type is too slow")
        # A clock that is set back meanwhile gives nobody more time (T229)
        return replace(effect, max_seconds=min(left, MAX_SECONDS))
