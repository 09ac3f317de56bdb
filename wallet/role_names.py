"""Who it was at a partner, in the reader's language: logs name roles and systems in the language of whoever keeps them."""

from __future__ import annotations

from collections.abc import Callable

from wallet.policy.showing import plain


def role_name(words: Callable[..., str], by: str) -> str:
    """A role or a system by the name that is widespread for it; another one stands as the partner wrote it."""
    roles: dict[str, str] = {
        "clerk": words("clerk"),
        "sachbearbeitung": words("clerk"),
        "counter": words("counter"),
        "schalter": words("counter"),
        "program, through the interface": words("program, through the interface"),
        "programm, über die schnittstelle": words("program, through the interface"),
        "checking service, automatically": words("checking service, automatically"),
        "prüfdienst, automatisch": words("checking service, automatically"),
        "page of the checking service": words("page of the checking service"),
        "seite des prüfdienstes": words("page of the checking service"),
        "issuing service, automatically": words("issuing service, automatically"),
        "ausstellungsdienst, automatisch": words("issuing service, automatically"),
        "operators of the issuing service": words("operators of the issuing service"),
        "betrieb des ausstellungsdienstes": words("operators of the issuing service"),
    }
    said = plain(by)
    return roles.get(said.casefold(), said)
