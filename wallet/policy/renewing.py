"""When a document is fetched anew, what a renewal changed, and why one is not possible. Pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import NotAuthentic, ProtocolError
from protocol.formats import about_subject
from wallet.policy.cards import CardState, state_of
from wallet.policy.documents import Document, data_once
from wallet.policy.showing import ClaimShown, generalised, held_claims, path_text
from wallet.records import HeldCredential, RenewalGrant, RenewedDocument

FEW_PART = 5  # a batch is filled up when no more than this part of it is left
TRY_AGAIN = 20 * 3600  # seconds until the wallet asks by itself again, after an issuer said no


class WhyRenew(StrEnum):
    """Why a document is fetched anew."""

    ASKED = "asked"  # its owner wants it
    TAKEN_BACK = "taken back"  # its issuer ended it; the register may have changed
    ENDING = "ending"
    COPIES = "copies"  # few are left that nobody has seen


class WhyNotRenewed(StrEnum):
    """Why there is no new one."""

    NEVER = "never"  # its issuer gives no right to renew it
    OVER = "over"  # the right ended: revoked, or too old
    REFUSED = "refused"  # not now: the issuer has not what it must hold, or was asked too often
    NOT_GOOD = "not good"  # what came does not hold


class NotRenewed(ProtocolError):
    """A document stays as it is."""

    code = "access_denied"
    status = 409

    def __init__(self, why: WhyNotRenewed, description: str) -> None:
        super().__init__(description)
        self.why = why


@dataclass(frozen=True, slots=True)
class RenewalShown:
    """How a document stands with renewal, and what the last one changed that its owner has not seen."""

    possible: bool
    over: bool  # it was, and is not any more: its owner asks again where they got it
    changed: tuple[ClaimShown, ...]  # as it says them now
    gone: tuple[str, ...]  # claims paths, as JSON text, of what it does not say any more
    renewed_at: int  # epoch seconds; 0: never


def why_renew(document: Document, now: int) -> WhyRenew | None:
    """Why a document should be fetched anew, the most urgent first; None: it need not be."""
    states = {state_of(form, now) for form in document.forms}
    if CardState.REVOKED in states:
        return WhyRenew.TAKEN_BACK
    if states & {CardState.EXPIRED, CardState.EXPIRES_SOON}:
        return WhyRenew.ENDING
    if CardState.SUSPENDED in states:
        return None  # a new one would be suspended too
    return WhyRenew.COPIES if any(map(_runs_out, document.forms)) else None


def may_try(grant: RenewalGrant, now: int) -> bool:
    """Whether the wallet asks by itself: not where the right is over, nor soon after a no."""
    return not grant.over and not 0 <= now - grant.tried_at < TRY_AGAIN


def check_same_office(new: HeldCredential, old: HeldCredential) -> None:
    """Check that a document is renewed by who gave it, as the same kind of document.

    Raises:
        NotAuthentic: it is not.
    """
    if (new.issuer_name, new.credential_issuer) != (old.issuer_name, old.credential_issuer):
        raise NotAuthentic("credential: comes from somebody else than the one that it renews")
    if (new.format, new.type) != (old.format, old.type):
        raise NotAuthentic("credential: is of another type than the one that it renews")


def renewed_of(new: HeldCredential, old: HeldCredential, issuance: str) -> HeldCredential:
    """What takes the place of a credential: new copies under its name."""
    return replace(new, id=old.id, document=old.document, grant=old.grant, issuance=issuance)


def changed_paths(before: HeldCredential, after: HeldCredential) -> tuple[ClaimPath, ...]:
    """Which data is not what it was: other, new or gone; an array is one piece of data."""
    old, new = _leaves(before), _leaves(after)
    return tuple(path for path in dict.fromkeys((*old, *new)) if old.get(path) != new.get(path))


def note_of(
    document: Document, changed: Iterable[ClaimPath], why: WhyRenew, before: RenewedDocument | None, *, now: int
) -> RenewedDocument:
    """What is remembered of a renewal; what the user has not seen of the one before stays with it."""
    unseen = before.changed if before is not None and not before.seen_at else ()
    paths = tuple(dict.fromkeys((*unseen, *(path_text(path) for path in changed))))
    # Nothing to see is as good as seen
    return RenewedDocument(
        document.id, now, str(why), paths, tuple(sorted(document.types)), seen_at=0 if paths else now
    )


def renewal_shown(
    document: Document, grants: Mapping[str, RenewalGrant], renewed: RenewedDocument | None, language: str
) -> RenewalShown:
    """How a document stands with renewal."""
    found = [grants[form.grant] for form in document.forms if form.grant in grants]
    had = any(form.grant for form in document.forms)
    possible = any(not grant.over for grant in found)
    unseen = frozenset(renewed.changed if renewed is not None and not renewed.seen_at else ())
    claims = data_once([held_claims(form, language) for form in document.forms])
    changed = tuple(claim for claim in claims if _is_in(claim, unseen))
    said = {path_text(path) for form in document.forms for path in _leaves(form)}
    return RenewalShown(
        possible=possible,
        over=had and not possible,
        changed=changed,
        gone=tuple(sorted(unseen - said)),
        renewed_at=renewed.at if renewed is not None else 0,
    )


def _runs_out(held: HeldCredential) -> bool:
    """Of one copy there is no more: it is shown again and again."""
    unused = sum(not copy.used_at for copy in held.copies)
    return len(held.copies) > 1 and unused <= max(1, len(held.copies) // FEW_PART)


def _is_in(claim: ClaimShown, paths: frozenset[str]) -> bool:
    """Whether a piece of data is one of these, or lies in an array that is."""
    names = generalised(claim.path)
    return any(path_text(names[:length]) in paths for length in range(1, len(names) + 1))


def _leaves(held: HeldCredential) -> dict[ClaimPath, bytes]:
    found: dict[ClaimPath, bytes] = {}
    todo: list[tuple[ClaimPath, JsonObject]] = [((), about_subject(held.format, held.read_claims()))]
    while todo:
        before, members = todo.pop()
        for name, value in members.items():
            _put(found, todo, (*before, name), value)
    return found


def _put(
    found: dict[ClaimPath, bytes], todo: list[tuple[ClaimPath, JsonObject]], path: ClaimPath, value: JsonValue
) -> None:
    if isinstance(value, dict) and value:
        todo.append((path, value))
    else:
        found[path] = encode_json(value)
