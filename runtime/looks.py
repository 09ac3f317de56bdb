"""How a card looks: the issuer's colours, as a style sheet, because our pages allow no style in their text.

A card's text is black or white, whichever is easier to read; what an issuer wants for it may not be readable at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PLAIN = "#3d4f60"  # the ground of a card whose issuer says nothing
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_LIGHT, _DARK = "#ffffff", "#000000"


def looks_css(grounds: Mapping[str, str]) -> str:
    """A style sheet with a class `look-<name>` for each card; names that are no class names have none.

    `grounds`: name → the ground as an issuer wrote it. Whatever is no colour in hexadecimal becomes `PLAIN` (T152).
    """
    rules = []
    for name, wanted in grounds.items():
        if _NAME.fullmatch(name):
            ground = wanted if _HEX.fullmatch(wanted) else PLAIN
            rules.append(f".look-{name} {{ background-color: {ground}; color: {ink_on(ground)}; }}\n")
    return "".join(rules)


def ink_on(ground: str) -> str:
    """Black or white, whichever has the larger contrast on a ground of `#rgb` or `#rrggbb` (WCAG 2.2, relative luminance)."""
    digits = ground[1:] if len(ground) == 7 else "".join(2 * digit for digit in ground[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    # Where both contrasts are the same: (1.05)/(l+0.05) = (l+0.05)/0.05
    return _LIGHT if luminance < 0.179 else _DARK
