"""Which registration a question is asked under, and what a wallet would find asked beyond it (ETSI TS 119 475 V1.2.1 §5.2.4).

Wallets compare what is asked with what is registered; whoever asks had better do it first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.dcql.query import DcqlQuery
from protocol.encoding import encode_json
from protocol.oid4vp.request import VerifierInfo
from protocol.trust.carried import carry_registration
from protocol.trust.coverage import Uncovered, uncovered
from protocol.trust.dataset import REGISTRAR_DATASET, RegisteredIdentifier, RegistrarDataset
from protocol.trust.localized import Localized
from protocol.trust.registration import is_inside_time
from runtime.registrations import OwnRegistration
from verifier.use_case import UseCase


@dataclass(frozen=True, slots=True)
class OutsideRegistration:
    """A question that the registrations do not cover."""

    use_case: str  # id; empty: a query of a program's own
    problem: str  # what a person has to know

    def __str__(self) -> str:
        return f"use case {self.use_case}: {self.problem}" if self.use_case else self.problem


def registration_for(
    use_case: UseCase | None, query: DcqlQuery, registrations: Iterable[OwnRegistration], *, now: int
) -> OwnRegistration | None:
    """The registration that a question is asked under: the one for its intended use, else one for every use.

    Where a use has several, one that covers the question; a program's own query is asked under whichever covers it.
    """
    good = [own for own in registrations if is_inside_time(own.says, now)]
    if use_case is None:
        return next((own for own in good if not uncovered(query, own.says.credentials)), None)
    own_use = [own for own in good if own.says.intended_use == use_case.registered_use]
    fitting = own_use or [own for own in good if own.says.intended_use is None]
    covering = [own for own in fitting if not uncovered(query, own.says.credentials)]
    return next(iter([*covering, *fitting]), None)


def outside_registration(
    use_case: UseCase | None, query: DcqlQuery, registrations: Iterable[OwnRegistration], *, now: int
) -> OutsideRegistration | None:
    """What a wallet would object to; None where everything is covered, or this verifier shows no registrations at all."""
    known = tuple(registrations)
    if not known:
        return None
    name = use_case.id if use_case is not None else ""
    own = registration_for(use_case, query, known, now=now)
    if own is None:
        return OutsideRegistration(name, "no registration certificate that is good now is for it")
    beyond = uncovered(query, own.says.credentials)
    if not beyond:
        return None
    things = ", ".join(_thing(found) for found in beyond)
    return OutsideRegistration(name, f"{own.file} does not cover {things}")


def verifier_info(own: OwnRegistration, use_case: UseCase | None) -> tuple[VerifierInfo, ...]:
    """What a request says of its sender: the certificate, and beside it in the clear what a wallet shows without reading it."""
    says = own.says
    certificate = VerifierInfo(*carry_registration(own.certificate))
    intended_use = says.intended_use or (use_case.registered_use if use_case else None)
    if intended_use is None:
        return (certificate,)  # a dataset needs one
    purpose = says.purpose or tuple(Localized(lang, text) for lang, text in (use_case.purpose if use_case else ()))
    dataset = RegistrarDataset(
        identifiers=(RegisteredIdentifier(says.identifier),),
        services=says.services or ((Localized("en", says.name),),),
        registry_uri=says.registry_uri,
        intended_use=intended_use,
        purpose=purpose,
        privacy_policy=says.privacy_policy,
        credentials=says.credentials,
    )
    return (certificate, VerifierInfo(REGISTRAR_DATASET, dataset.to_dict()))


def _thing(found: Uncovered) -> str:
    """One thing as the file of a use case has it."""
    return found.query_id if found.path is None else f"{found.query_id} {encode_json(list(found.path)).decode()}"
