"""Who is told of an error: a person, who gets a page, or a program, which gets the object that its specification names.

Browsers say that they read HTML. What programs call is answered as programs read it, whatever the caller accepts.
"""

from __future__ import annotations

MAX_ACCEPT = 1000  # characters that are looked at
PAGE = "text/html"
OBJECT = "application/json"
# Below these stand only addresses that programs call, known ones and others
_FOR_PROGRAMS = ("/api/", "/.well-known/", "/metrics")


def is_for_page(path: str, accept: str) -> bool:
    """Whether an error at this address is told on a page to somebody who accepts this."""
    return not path.startswith(_FOR_PROGRAMS) and prefers_page(accept)


def prefers_page(accept: str) -> bool:
    """Whether somebody would rather have HTML than JSON (RFC 9110 §12.5.1); nobody who does not name HTML would."""
    ranges: dict[str, float] = {}
    for part in accept[:MAX_ACCEPT].lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        ranges[name] = next((_quality(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
    # Of two wishes of one weight, the one that names a type is the stronger
    page = (ranges.get(PAGE, 0.0), 2)
    named = ((OBJECT, 2), ("application/*", 1), ("*/*", 0))
    other = next(((ranges[name], weight) for name, weight in named if name in ranges), (0.0, 0))
    return page[0] > 0 and page > other


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
