"""Which registration a question is asked under, and what a wallet would find asked beyond it (ETSI TS 119 475 V1.2.1 §5.2.4).

Wallets compare what is asked with what is registered; whoever asks had better do it first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from protocol.dcql.query import DcqlQuery
from protocol.encoding import encode_json
from protocol.oid4vp.request import VerifierInfo
from protocol.trust.carried import carry_registration
from protocol.trust.coverage import Uncovered, uncovered
from protocol.trust.dataset import REGISTRAR_DATASET, RegisteredIdentifier, RegistrarDataset
from protocol.trust.localized import Localized
from protocol.trust.registration import Registration, is_inside_time
from runtime.registrations import OwnRegistration
from verifier.use_case import UseCase


class Shown(StrEnum):
    """By what a request says that its sender is registered."""

    CERTIFICATE = "certificate"  # the registration certificate, with the dataset beside it
    DATASET = "dataset"  # the dataset alone: a wallet asks the register, if its user wants it (ARF 3.0 RPRC_18)


@dataclass(frozen=True, slots=True)
class OutsideRegistration:
    """A question that the registrations do not cover."""

    use_case: str  # id; empty: a query of a program's own
    problem: str  # what a person has to know

    def __str__(self) -> str:
        return f"use case {self.use_case}: {self.problem}" if self.use_case else self.problem


def registration_for(
    use_case: UseCase | None,
    query: DcqlQuery,
    registrations: Iterable[OwnRegistration],
    *,
    now: int,
    shown: Shown = Shown.CERTIFICATE,
) -> OwnRegistration | None:
    """The registration that a question is asked under: the one for its intended use, else one for every use.

    Where a use has several, one that covers the question; a program's own query is asked under whichever covers it.
    Where the dataset alone is shown, it is one that makes a dataset: without it no wallet can ask a register.
    """
    good = [own for own in registrations if is_inside_time(own.says, now)]
    if shown is Shown.DATASET:
        good = [own for own in good if registration_dataset(own.says, use_case) is not None]
    if use_case is None:
        return next((own for own in good if not uncovered(query, own.says.credentials)), None)
    own_use = [own for own in good if own.says.intended_use == use_case.registered_use]
    fitting = own_use or [own for own in good if own.says.intended_use is None]
    covering = [own for own in fitting if not uncovered(query, own.says.credentials)]
    return next(iter([*covering, *fitting]), None)


def outside_registration(
    use_case: UseCase | None,
    query: DcqlQuery,
    registrations: Iterable[OwnRegistration],
    *,
    now: int,
    shown: Shown = Shown.CERTIFICATE,
) -> OutsideRegistration | None:
    """What a wallet would object to; None where everything is covered, or this verifier shows no registrations at all."""
    known = tuple(registrations)
    if not known:
        return None
    name = use_case.id if use_case is not None else ""
    own = registration_for(use_case, query, known, now=now, shown=shown)
    if own is None:
        return OutsideRegistration(name, "no registration certificate that is good now is for it")
    beyond = uncovered(query, own.says.credentials)
    if not beyond:
        return None
    things = ", ".join(_thing(found) for found in beyond)
    return OutsideRegistration(name, f"{own.file} does not cover {things}")


def verifier_info(own: OwnRegistration, use_case: UseCase | None, shown: Shown) -> tuple[VerifierInfo, ...]:
    """What a request says of its sender: the certificate, and beside it in the clear what a wallet shows without reading it.

    Where the dataset alone is shown, it says what the certificate would: where to ask about whom, and for which use.
    """
    found = registration_dataset(own.says, use_case)
    dataset = () if found is None else (VerifierInfo(REGISTRAR_DATASET, found.to_dict()),)
    if shown is Shown.DATASET:
        return dataset
    return (VerifierInfo(*carry_registration(own.certificate)), *dataset)


def registration_dataset(says: Registration, use_case: UseCase | None) -> RegistrarDataset | None:
    """What was registered, as a verifier says it itself; None: no intended use or no purpose is known, and both are needed."""
    intended_use = says.intended_use or (use_case.registered_use if use_case else None)
    purpose = says.purpose or tuple(Localized(lang, text) for lang, text in (use_case.purpose if use_case else ()))
    if intended_use is None or not purpose:
        return None
    return RegistrarDataset(
        identifiers=(RegisteredIdentifier(says.identifier),),
        services=says.services or ((Localized("en", says.name),),),
        registry_uri=says.registry_uri,
        intended_use=intended_use,
        purpose=purpose,
        privacy_policy=says.privacy_policy,
        credentials=says.credentials,
    )


def _thing(found: Uncovered) -> str:
    """One thing as the file of a use case has it."""
    return found.query_id if found.path is None else f"{found.query_id} {encode_json(list(found.path)).decode()}"
