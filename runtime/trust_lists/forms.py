"""The forms that lists are published in: JSON signed with JAdES (ETSI TS 119 602), and XML signed with XAdES (ETSI TS 119 612).

The type of a list says its form. `runtime.trust_lists.xml` reads XML and needs the extra `trustlists`; nothing here does.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from protocol.errors import Malformed
from protocol.trust.list_signature import MAX_LIST, MEDIA_TYPE, ExpectedList, VerifiedList, verify_list
from protocol.trust.list_types import ListType

MAX_XML = 16 * 1024 * 1024  # bytes; a tree takes many times that


@dataclass(frozen=True, slots=True)
class ListForm:
    """How lists of a form are asked for, kept and read."""

    media_type: str
    suffix: str  # of the files that they are kept in
    max_bytes: int
    verify: Callable[
        [bytes, ExpectedList, int], VerifiedList
    ]  # the list, what is expected, and the time (epoch seconds)
    needs: tuple[str, ...] = ()  # modules of an extra

    def is_readable(self) -> bool:
        """Whether this installation has what it takes."""
        return all(importlib.util.find_spec(module) is not None for module in self.needs)


def form_of(list_type: str) -> ListForm:
    """The form of a type of list."""
    return XML if list_type in (ListType.TRUSTED_LIST, ListType.LIST_OF_TRUSTED_LISTS) else JOSE


def _verify_jose(raw: bytes, expected: ExpectedList, now: int) -> VerifiedList:
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed("trusted list", "is no token") from error
    return verify_list(text, expected, now=now)


def _verify_xml(raw: bytes, expected: ExpectedList, now: int) -> VerifiedList:
    from runtime.trust_lists.xml.verifying import verify_xml_list  # noqa: PLC0415 - an extra

    return verify_xml_list(raw, expected, now=now)


JOSE = ListForm(MEDIA_TYPE, ".jose", MAX_LIST, _verify_jose)
XML = ListForm("application/vnd.etsi.tsl+xml", ".xml", MAX_XML, _verify_xml, needs=("lxml", "signxml"))
FORMS = (JOSE, XML)
