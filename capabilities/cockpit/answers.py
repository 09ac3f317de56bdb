"""Answering access and portability by hand: with files, in parts. Pure steps; what they say, the store carries out."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, TypeVar

from capabilities.cockpit.attached import Attached, Detached, Sent, check_room
from capabilities.cockpit.handing_out import HandedOut
from capabilities.cockpit.rights_case import (
    RightsCase,
    RightsChange,
    SealedFile,
    answered,
    partly_answered,
)
from protocol.errors import Conflict
from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.rights import HANDS_OUT

R = TypeVar("R")

REST = "rest"  # a request's note: a part was handed out, and the rest is to follow


class Holds(Protocol):
    """What a role holds of the data of a receipt, as far as answers by hand need it."""

    @property
    def has_data(self) -> bool:
        """Whether something is here that goes out by itself."""

    @property
    def has_others(self) -> bool:
        """Whether other systems of the party have the data, or had it: what machines do with it, a human has to say."""

    def files_of(self, case: RightsCase) -> tuple[Attached, ...]:
        """The files that clerks added to the answer to a request."""


def attach(case: RightsCase, file: Attached, sealed: SealedFile, held: Holds) -> RightsChange[R]:
    """Add a file to what will be handed out. Nobody gets it before it is.

    Raises:
        Conflict: the request has ended or hands out nothing, or there is no room for it.
    """
    check_hands_out(case)
    check_room(held.files_of(case), file)
    return RightsChange(case, (), (sealed,), (file,))


def detach(case: RightsCase, hash_: str, held: Holds) -> RightsChange[R]:
    """Take a file back that was not sent.

    Raises:
        Conflict: the request has ended, or the file is not there or was sent.
    """
    check_hands_out(case)
    if not any(each.hash == hash_ and not each.sent for each in held.files_of(case)):
        raise Conflict("there is no such file, or it was sent")
    return RightsChange(case, attached=(Detached(case.id, hash_),))


def handed_over(
    case: RightsCase,
    made: HandedOut,
    controller: Controller,
    records: tuple[R, ...],
    *,
    of: Holds,
    held: Holds,
    now: int,
) -> RightsChange[R]:
    """Hand out what was made, or a part of it if the rest is to follow; `records` are what the role does then.

    `of` is what was held when the answer was made.

    Raises:
        Conflict: the request has ended or hands out nothing, files came or went meanwhile, the rest would come too late, or
            all files together are too large.
    """
    check_hands_out(case)
    there = held.files_of(case)
    if there != of.files_of(case):
        raise Conflict("what is here changed meanwhile; please try again")
    for file in made.attached:
        check_room(there, file)
        there = (*there, file)
    if made.rest is None:
        after = answered(case, made.answer, now=now, kept=made.kept, controller=controller)
    else:
        part = partly_answered(case, made.answer, made.rest.why, due=made.rest.due, now=now)
        after = replace(part, note=REST)
    return RightsChange(after, records, made.files, (*made.attached, Sent(case.id)))


def check_hands_out(case: RightsCase) -> None:
    """Check that a request waits to be answered with data.

    Raises:
        Conflict: it has ended, or is about something else.
    """
    if not case.is_open or case.status.right not in HANDS_OUT:
        raise Conflict("this request has ended, or is not answered with data")
