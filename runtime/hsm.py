"""Keys in a PKCS#11 token: made in it, used in it, never out of it. A token that was away is found again by itself.

A process is in a module (the library of a token's maker) by one thread at a time: python-pkcs11 promises so to every
module (`C_Initialize` without locks). Whoever needs more signatures than one thread gets takes more workers.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import pkcs11
from pkcs11 import KDF, Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, TokenFlag
from pkcs11.exceptions import (
    MultipleTokensReturned,
    NoSuchToken,
    PinIncorrect,
    PinLocked,
    PKCS11Error,
    UserAlreadyLoggedIn,
)
from pkcs11.types import DeriveMixin, SignMixin
from pkcs11.util.ec import encode_named_curve_parameters

from protocol.errors import NotAuthentic, ProtocolError, Unsupported
from protocol.keys import CURVES, PublicKey
from runtime.key_token import KeyReference, KeyUnavailable, KeyUse, TokenAccess, TokenError
from runtime.logs import get_logger

if TYPE_CHECKING:
    from pkcs11._pkcs11 import lib as Library  # noqa: N812 - a class by its rank

T = TypeVar("T")

WAIT_SECONDS = 10.0  # for the threads before this one
PAUSE_SECONDS = 1.0  # after a fresh start that did not help, before the next
_P256 = encode_named_curve_parameters("secp256r1")
_POINT = b"\x04\x41\x04"  # an OCTET STRING with an uncompressed point of P-256 (X9.62)
_PIN_SPENT = TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_LOCKED


@dataclass(slots=True)
class _Module:
    """A module as this process has it: it is there once, whoever uses it."""

    path: Path
    lock: Lock = field(default_factory=Lock)
    generation: int = 0  # how often it was begun anew: what is older is void
    refused: dict[str, bytes] = field(default_factory=dict)  # token → digest of a PIN that was wrong

    def library(self) -> Library:
        """The library, initialized; a TokenError if the file is not there."""
        if not self.path.exists():
            raise TokenError(f"{self.path} is missing: hsm_module must be the PKCS#11 library of the token's maker")
        return pkcs11.lib(str(self.path))

    def restart(self) -> None:
        """Begin anew, which is how a module sees what became of its tokens."""
        self.generation += 1
        self.library().reinitialize()


_modules: dict[Path, _Module] = {}
_modules_lock = Lock()


def _module(path: Path) -> _Module:
    with _modules_lock:
        return _modules.setdefault(path, _Module(path))


class HsmToken:
    """A token; see `runtime.key_token.KeyToken`. Safe to be used by many threads."""

    def __init__(self, access: TokenAccess, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.access = access
        self._module = _module(access.module.resolve())
        self._clock = clock
        self._pause_until = 0.0
        self._session: pkcs11.Session | None = None
        self._generation = -1
        self._keys: dict[KeyReference, pkcs11.Object] = {}  # handles, as good as the session

    def __repr__(self) -> str:
        """Never the PIN."""
        return f"HsmToken({self.access.token})"

    def check(self) -> None:
        """See that the token is there and lets us in, by beginning anew: what is known from before says nothing of now."""
        with self._inside():
            try:
                self._module.restart()
                self._opened()
            except PKCS11Error as error:
                self._session = None
                raise self._told(error) from error

    def use(self, call: Callable[[pkcs11.Session], T]) -> T:
        """What a call does in a session of ours. If that fails, the module is begun anew and the call made once more.

        So a token that was restarted, pulled or set up again is back with the first call after it.

        Raises:
            TokenError: it failed again, or the PIN is wrong, which is not tried twice.
        """
        with self._inside():
            try:
                return call(self._opened())
            except PKCS11Error as error:
                self._session = None
                if self._clock() < self._pause_until:
                    raise self._told(error) from error
            try:
                self._module.restart()
                return call(self._opened())
            except PKCS11Error as error:
                self._session = None
                self._pause_until = self._clock() + PAUSE_SECONDS
                raise self._told(error) from error

    def make_key(self, reference: KeyReference, use: KeyUse) -> HsmKey:
        """A fresh key; its public part is kept beside it. See `KeyToken.make_key`."""
        signs = use is KeyUse.SIGN

        def make(session: pkcs11.Session) -> None:
            with self._writing(session) as writing:
                parameters = writing.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: _P256}, local=True)
                parameters.generate_keypair(
                    id=reference.id,
                    label=reference.label,
                    store=True,
                    capabilities=MechanismFlag.SIGN if signs else MechanismFlag.DERIVE,
                    mechanism=Mechanism.EC_KEY_PAIR_GEN,
                    public_template={Attribute.VERIFY: signs, Attribute.DERIVE: False},
                    private_template={
                        Attribute.SENSITIVE: True,
                        Attribute.EXTRACTABLE: False,
                        Attribute.SIGN: signs,
                        Attribute.DERIVE: not signs,
                    },
                )

        self.use(make)
        return self.find_key(reference)

    def find_key(self, reference: KeyReference) -> HsmKey:
        """A key that is there; see `KeyToken.find_key`."""

        def find(session: pkcs11.Session) -> PublicKey:
            key = self._key(session, reference)
            if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
                raise TokenError(f"the key {reference} may leave the token {self.access.token}; make one that may not")
            return _public_key(self._only(session, reference, ObjectClass.PUBLIC_KEY), reference)

        return HsmKey(self, reference, self.use(find))

    def known_key(self, reference: KeyReference, public_key: PublicKey) -> HsmKey:
        """A key whose public part is known from before; see `KeyToken.known_key`."""
        return HsmKey(self, reference, public_key)

    def keys_labelled(self, label: str) -> tuple[KeyReference, ...]:
        """The private keys that have a label; see `KeyToken.keys_labelled`."""

        def find(session: pkcs11.Session) -> tuple[KeyReference, ...]:
            template = _template(KeyReference(label), ObjectClass.PRIVATE_KEY)
            return tuple([KeyReference(label, found[Attribute.ID]) for found in list(session.get_objects(template))])

        return self.use(find)

    def destroy_key(self, reference: KeyReference) -> None:
        """Destroy both parts of a key; see `KeyToken.destroy_key`."""

        def destroy(session: pkcs11.Session) -> None:
            self._keys.pop(reference, None)
            with self._writing(session) as writing:
                for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
                    for found in list(writing.get_objects(_template(reference, kind))):
                        found.destroy()

        self.use(destroy)

    def private_key(self, session: pkcs11.Session, reference: KeyReference) -> pkcs11.Object:
        """The handle of a key, which is looked up once for each session."""
        return self._keys.get(reference) or self._key(session, reference)

    def _key(self, session: pkcs11.Session, reference: KeyReference) -> pkcs11.Object:
        found = self._keys[reference] = self._only(session, reference, ObjectClass.PRIVATE_KEY)
        return found

    def _only(self, session: pkcs11.Session, reference: KeyReference, kind: ObjectClass) -> pkcs11.Object:
        found = list(session.get_objects(_template(reference, kind)))
        if len(found) == 1:
            return found[0]
        part = "public part of the key" if kind is ObjectClass.PUBLIC_KEY else "key"
        if not found:
            # Not a TokenError: a module may have lost sight of it
            raise _Missing(f"the {part} {reference} is not in the token {self.access.token}")
        raise TokenError(f"several keys of the token {self.access.token} are called {reference}; name one by its id")

    @contextmanager
    def _inside(self) -> Iterator[None]:
        if not self._module.lock.acquire(timeout=WAIT_SECONDS):
            raise TokenError(f"the token {self.access.token} does not answer in time")
        try:
            yield
        finally:
            self._module.lock.release()

    @contextmanager
    def _writing(self, session: pkcs11.Session) -> Iterator[pkcs11.Session]:
        """A session that may change the token; who is logged in holds for all sessions."""
        writing = session.token.open(rw=True)
        try:
            yield writing
        finally:
            with suppress(PKCS11Error):
                writing.close()

    def _opened(self) -> pkcs11.Session:
        if self._session is None or self._generation != self._module.generation:
            self._keys.clear()
            self._session = self._log_in()
            self._generation = self._module.generation
        return self._session

    def _log_in(self) -> pkcs11.Session:
        pin = self.access.read_pin()
        if not pin:
            raise TokenError(f"the PIN of the token {self.access.token} is missing: set hsm_pin_file")
        digest = hashlib.sha256(pin.encode()).digest()
        if self._module.refused.get(self.access.token) == digest:
            raise TokenError(f"the PIN of the token {self.access.token} is wrong; it is not tried again")
        token = self._module.library().get_token(token_label=self.access.token)
        # A PIN that is wrong must not lock the token, however often a supervisor starts us
        if token.flags & _PIN_SPENT:
            raise TokenError(f"the PIN of the token {self.access.token} was wrong too often; log in by hand first")
        try:
            return token.open(user_pin=pin)
        except UserAlreadyLoggedIn:
            return token.open()
        except PinIncorrect as error:
            self._module.refused[self.access.token] = digest
            raise TokenError(f"the PIN of the token {self.access.token} is wrong; it is not tried again") from error

    def _told(self, error: PKCS11Error) -> TokenError:
        """What an operator is told."""
        match error:
            case _Missing():
                return TokenError(str(error))
            case NoSuchToken():
                return TokenError(f"there is no token {self.access.token} in {self.access.module}")
            case MultipleTokensReturned():
                return TokenError(f"several tokens are called {self.access.token}; give them labels of their own")
            case PinLocked():
                return TokenError(f"the PIN of the token {self.access.token} is locked")
            case _:
                reason = " ".join(str(error).split()) or type(error).__name__
                return TokenError(f"the token {self.access.token} cannot be used: {reason}")


@dataclass(frozen=True, slots=True)
class HsmKey:
    """A private P-256 key in a token: signs and agrees there, as far as it was made for that."""

    token: HsmToken = field(repr=False)
    reference: KeyReference
    public_key: PublicKey

    def sign(self, data: bytes) -> bytes:
        """ES256, 64 bytes.

        Raises:
            KeyUnavailable: the token is away, or its answer was not this key's signature; nothing was signed (T146).
        """
        digest = hashlib.sha256(data).digest()

        def sign(key: pkcs11.Object) -> bytes:
            if not isinstance(key, SignMixin):
                raise TokenError(f"the key {self.reference} was not made to sign")
            return key.sign(digest, mechanism=Mechanism.ECDSA)

        signature = self._use(sign)
        try:
            # A token that was set up anew may have another key of this name
            self.public_key.verify(signature, data)
        except NotAuthentic as error:
            get_logger().error("key token", reason=f"a signature is not that of the key {self.reference}")
            raise _away() from error
        return signature

    def agree(self, peer: PublicKey) -> bytes:
        """ECDH, 32 bytes.

        Raises:
            Unsupported: the peer's key is on another curve.
            KeyUnavailable: the token is away.
        """
        if peer.crv != "P-256":
            raise Unsupported("the peer's key is on another curve")
        point = b"\x04" + peer.point

        def derive(key: pkcs11.Object) -> bytes:
            if not isinstance(key, DeriveMixin):
                raise TokenError(f"the key {self.reference} was not made to decrypt")
            secret = key.derive_key(
                KeyType.GENERIC_SECRET,
                256,
                mechanism=Mechanism.ECDH1_DERIVE,
                mechanism_param=(KDF.NULL, None, point),
                template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True, Attribute.TOKEN: False},
            )
            try:
                value: bytes = secret[Attribute.VALUE]
            finally:
                secret.destroy()
            return value

        return self._use(derive)

    def _use(self, call: Callable[[pkcs11.Object], bytes]) -> bytes:
        try:
            return self.token.use(lambda session: call(self.token.private_key(session, self.reference)))
        except TokenError as error:
            # Peers learn that we cannot, operators why
            get_logger().error("key token", reason=str(error))
            raise _away() from error


class _Missing(PKCS11Error):
    """A key is not in the token, as far as the module knows."""


def _away() -> KeyUnavailable:
    return KeyUnavailable("the key is away; nothing was changed, try again")


def _template(reference: KeyReference, kind: ObjectClass) -> dict[Attribute, object]:
    template: dict[Attribute, object] = {Attribute.CLASS: kind, Attribute.KEY_TYPE: KeyType.EC}
    if reference.label:
        template[Attribute.LABEL] = reference.label
    if reference.id:
        template[Attribute.ID] = reference.id
    return template


def _public_key(found: pkcs11.Object, reference: KeyReference) -> PublicKey:
    point: bytes = found[Attribute.EC_POINT]
    if found[Attribute.EC_PARAMS] != _P256 or not point.startswith(_POINT):
        raise TokenError(f"the key {reference} is not on the curve P-256")
    try:
        return PublicKey.from_spki(CURVES["P-256"].spki + point[len(_POINT) :])
    except ProtocolError as error:
        raise TokenError(f"the key {reference} is not on the curve P-256") from error
