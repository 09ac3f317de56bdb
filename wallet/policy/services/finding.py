"""Finding a service by what a person types, as people type: without accents and capitals, and only the beginning of words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from protocol.sovereignty.service import LifeEvent, Service

MAX_TYPED = 100  # characters
MAX_WORDS = 8
MAX_FOUND = 50


def find_services(
    services: Sequence[Service], typed: str, event_names: Mapping[LifeEvent, tuple[str, ...]]
) -> tuple[Service, ...]:
    """The services that have every word in their texts, those that have them in their names first.

    `event_names`: how life events are called, in all languages, since a wish may be one.
    """
    words = _folded(typed[:MAX_TYPED]).split()[:MAX_WORDS]
    if not words:
        return ()
    ranked: list[tuple[int, int, Service]] = []
    for place, service in enumerate(services):
        name = _all(text.text for text in service.name)
        if all(word in name for word in words):
            ranked.append((0, place, service))
            continue
        rest = _all(
            (
                *(text.text for text in service.summary),
                service.provider.name,
                *(called for event in service.life_events for called in event_names.get(event, ())),
            )
        )
        # In other texts only the beginning of a word counts, or "kind" would find every "Mankind"
        starts = f" {name} {rest}"
        if all(f" {word}" in starts for word in words):
            ranked.append((1, place, service))
    return tuple([service for _, _, service in sorted(ranked, key=lambda found: found[:2])[:MAX_FOUND]])


def _all(texts: Iterable[str]) -> str:
    return " ".join(_folded(" ".join(texts)).split())


def _folded(text: str) -> str:
    """Without accents and capitals, with blanks for everything that is no letter or digit; `ß` is `ss`."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    kept = [c for c in apart if not unicodedata.combining(c)]
    return "".join([c if c.isalnum() else " " for c in kept])
