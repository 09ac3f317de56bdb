"""Elements of a namespace by the names that claims have: a day of birth is called differently in each format."""

from __future__ import annotations

from protocol.encoding import JsonObject


def as_claims(elements: JsonObject) -> JsonObject:
    """The same with the day of birth as SD-JWT VC calls it (PID Rulebook 1.7 §3.1.2, §4.1).

    What is called so already is left as it is.
    """
    born = elements.get("birth_date")
    return elements if born is None or "birthdate" in elements else {**elements, "birthdate": born}
