"""An SD-JWT as it travels: issuer-signed token, disclosures, perhaps a key binding (RFC 9901 §4)."""

from __future__ import annotations

from typing import NamedTuple, Self

from protocol.errors import Malformed, TooLarge
from protocol.jws import MAX_TOKEN, Jws
from protocol.sdjwt.disclosure import Disclosure

MAX_DISCLOSURES = 1000
MAX_SD_JWT = 4 * MAX_TOKEN  # characters of token and disclosures together


class SdJwt(NamedTuple):
    """A token that was taken apart; nothing in it is verified."""

    jws: Jws
    disclosures: tuple[Disclosure, ...]
    kb_jwt: Jws | None
    presented: str  # what sd_hash covers: everything up to and including the last tilde (RFC 9901 §4.3.1)
    raw: str

    @classmethod
    def from_text(cls, text: str, at: str = "sd-jwt") -> Self:
        """Take an SD-JWT or SD-JWT+KB apart.

        Raises:
            TooLarge: over the caps on characters or disclosures (T018, T036).
            Malformed: no tilde at the end of the disclosures, an empty or broken disclosure, or one sent twice (T032).
            Unsupported: an algorithm outside our list.
        """
        if len(text) > MAX_SD_JWT:
            raise TooLarge(at, f"is larger than {MAX_SD_JWT} characters")
        issuer_jwt, *texts = text.split("~", MAX_DISCLOSURES + 2)
        if not texts:
            raise Malformed(at, "must have a tilde after the issuer's token")
        kb_jwt = texts.pop()
        if len(texts) > MAX_DISCLOSURES:
            raise TooLarge(at, f"has more than {MAX_DISCLOSURES} disclosures")
        if len(set(texts)) != len(texts):
            raise Malformed(at, "has a disclosure twice")
        return cls(
            jws=Jws.from_compact(issuer_jwt, at),
            disclosures=tuple([Disclosure.from_text(t, at) for t in texts]),
            kb_jwt=Jws.from_compact(kb_jwt, f"{at} key binding") if kb_jwt else None,
            presented=text[: len(text) - len(kb_jwt)],
            raw=text,
        )
