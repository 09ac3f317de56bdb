"""Trusting: whom this wallet believes, as its user decided after comparing a fingerprint, and how that is taken back.

The anchors stand beside the vault and say nothing about the user, so nothing here needs the passphrase.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from protocol.errors import Flaw, Malformed, NotFound, NotValidNow, raised_as
from protocol.trust.anchors import Role, TrustAnchor, TrustedIdentifier
from protocol.x509 import Certificate
from runtime.anchors import anchor_file, read_anchors, read_certificate, read_file, remove_anchors, write_anchor
from runtime.fingerprints import fingerprint_of
from wallet.policy.showing import plain

_BEGIN = b"-----BEGIN CERTIFICATE-----"


class CannotTrust(Flaw):
    """Somebody was to be trusted, and cannot be like this; nothing was changed."""


@dataclass(frozen=True, slots=True)
class TrustShown:
    """Somebody who is trusted, or is to be, in one role."""

    id: str  # SHA-256 of the certificate, hex, or the identifier
    name: str  # as the user calls them
    role: Role
    types: tuple[str, ...]  # that they may issue; empty: every type
    subject: str  # as the certificate says; of an identifier: empty
    expires_at: int  # epoch seconds; 0: never


@dataclass(frozen=True, slots=True)
class AuthoritySeen:
    """An authority as it would be trusted; nothing was changed yet."""

    shown: tuple[TrustShown, ...]  # one for each role
    certificate: Certificate
    pem: bytes


@dataclass(frozen=True, slots=True)
class Trusting:
    """Everything between a certificate in a file and being trusted."""

    folder: Path
    now: Callable[[], int]  # epoch seconds

    def look(self, file: Path, name: str, roles: tuple[Role, ...], types: tuple[str, ...]) -> AuthoritySeen:
        """Read an authority's certificate and say what trusting it would mean. Nothing is changed.

        Raises:
            CannotTrust: no certificate that is good now, more than one, a private key beside it (T242), a name or type that
                makes no sense, or it is trusted in such a role already.
            Malformed: the folder of anchors is wrong.
        """
        with raised_as(CannotTrust):
            pem = read_file(file)
            certificate = read_certificate(pem, file.name)
            if pem.count(_BEGIN) > 1:
                raise Malformed(file.name, "must hold one certificate and no other")
            if self.now() >= certificate.not_after:
                raise NotValidNow(f"{file.name}: the certificate has expired")
            if self.now() < certificate.not_before:
                raise NotValidNow(f"{file.name}: the certificate is not valid yet")
        called = plain(name)
        if not called:
            raise CannotTrust("--name: must say how you call them")
        if types and Role.ISSUER not in roles:
            raise CannotTrust("--type: says what somebody may issue, so it needs --role issuer")
        if not all(kind and plain(kind) == kind for kind in types):
            raise CannotTrust("--type: must be the name of a type")
        for anchor in read_anchors(self.folder).anchors:
            if anchor.certificate == certificate and anchor.role in roles:
                raise CannotTrust(
                    f"trusted already as {plain(anchor.name)}; "
                    f"to change that, first run: hoheit wallet distrust {fingerprint_of(certificate)[:8]}"
                )
        anchors = [
            TrustAnchor(certificate, role, called, frozenset(types) if role is Role.ISSUER else frozenset())
            for role in dict.fromkeys(roles)
        ]
        return AuthoritySeen(tuple(_shown(anchor) for anchor in anchors), certificate, pem)

    def add(self, seen: AuthoritySeen) -> None:
        """The user has compared the fingerprint: trust the authority from now on.

        Raises:
            Malformed: the folder of anchors is wrong; nothing was changed.
        """
        # The wallet is made in the folder above, so that it must be the user's own from the beginning
        self.folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for shown in seen.shown:
            write_anchor(
                self.folder,
                anchor_file(seen.certificate),
                seen.pem,
                role=shown.role,
                name=shown.name,
                types=shown.types,
            )

    def trusted(self) -> tuple[TrustShown, ...]:
        """Everybody who is trusted now, as the folder of anchors has them.

        Raises:
            Malformed: the folder is wrong.
        """
        found = read_anchors(self.folder)
        entries: list[TrustAnchor | TrustedIdentifier] = [*found.anchors, *found.identifiers]
        return tuple(_shown(entry) for entry in entries)

    def find(self, name: str) -> tuple[TrustShown, ...]:
        """Somebody who is trusted, in all their roles, by their id or how it begins; a fingerprint as people write it too.

        Raises:
            NotFound: there is none, or more than one.
            Malformed: the folder of anchors is wrong.
        """
        typed = "".join(name.replace(":", " ").split()).lower()
        trusted = self.trusted()
        exact = [shown for shown in trusted if shown.id == name]
        found = exact or [shown for shown in trusted if typed and shown.id.startswith(typed)]
        if len({shown.id for shown in found}) != 1:
            raise NotFound("nobody is trusted under this id; see them all with: hoheit wallet trusted")
        return tuple(found)

    def remove(self, found: tuple[TrustShown, ...]) -> None:
        """Trust somebody no longer, in any role. What came from them stays in the wallet and cannot be shown.

        Raises:
            Malformed: the folder of anchors is wrong, or a person has to change it; nothing was changed.
        """
        ids = {shown.id for shown in found}
        remove_anchors(self.folder, lambda entry: _shown(entry).id in ids)


def _shown(entry: TrustAnchor | TrustedIdentifier) -> TrustShown:
    name, types = plain(entry.name), tuple(sorted(entry.types))
    if isinstance(entry, TrustedIdentifier):
        return TrustShown(entry.identifier, name, entry.role, types, "", 0)
    certificate = entry.certificate
    return TrustShown(
        fingerprint_of(certificate), name, entry.role, types, plain(certificate.subject), certificate.not_after
    )
