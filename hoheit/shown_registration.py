"""What `hoheit doctor` says of a verifier's registration, in particular where wallets have to ask a register about it.

The register is asked as a wallet asks it, so that what is wrong shows here and not in front of people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hoheit.doctor import Line
from protocol.encoding import encode_json
from protocol.errors import ProtocolError
from protocol.exchange import Exchange
from protocol.trust.coverage import uncovered
from protocol.trust.dataset import RegistrarDataset
from protocol.trust.register_asking import Register, ask_register, register_question
from protocol.x509 import Certificate
from runtime.anchors import AnchorFolder
from runtime.installation import open_keys
from runtime.key_token import TokenError
from runtime.registrations import OwnRegistration
from runtime.seal import DamagedError
from verifier.app import open_registrations, open_use_cases
from verifier.config import VerifierSettings
from verifier.installation import ANCHORS, SIGNING
from verifier.registration import Shown, registration_dataset, registration_for
from verifier.use_case import UseCase

_BY_CERTIFICATE = 'show_registration = "certificate" shows it to them'
_SHOWN_ALONE = f"who has a strict wallet can answer only after letting it ask the register; {_BY_CERTIFICATE}"


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a verifier shows, and what a wallet needs to ask about it."""

    registrations: tuple[OwnRegistration, ...]
    use_cases: tuple[UseCase, ...]
    leaf: Certificate
    registers: tuple[Register, ...]
    alone: bool  # the dataset


def check_shown_registration(folder: Path, now: int) -> Exchange[list[Line]]:
    """How a verifier shows its registrations, and whether a register says of each use case what is asked; nothing is kept.

    Empty for whoever is no verifier, or has nothing to show.
    """
    if not VerifierSettings.file(folder).exists():
        return []
    try:
        shown = _shown(VerifierSettings.read(folder), now)
    except (ProtocolError, TokenError, DamagedError, OSError, ValueError) as error:
        return [Line(False, f"{folder}: {error}", "no wallet can be shown where this verifier is registered")]
    count = len(shown.registrations)
    if not count:
        return []
    if not shown.alone:
        return [Line(True, f"{folder}: requests show the registration certificate ({count} there)")]
    lines = [Line(None, f"{folder}: requests only say where the register is; they show no certificate", _SHOWN_ALONE)]
    for use_case, dataset in _datasets(shown, now):
        lines.append((yield from _ask(shown, use_case, dataset, now)))
    return lines


def _shown(settings: VerifierSettings, now: int) -> _Shown:
    anchors = AnchorFolder(settings.anchors or settings.data / ANCHORS, lambda: now)
    chain = open_keys(settings.data, settings.key_token).signer(SIGNING).x5c
    return _Shown(
        registrations=open_registrations(settings).current(),
        use_cases=tuple(open_use_cases(settings).values()),
        leaf=Certificate.from_x5c(chain[0]),
        registers=anchors.registers(),
        alone=settings.show_registration is Shown.DATASET,
    )


def _datasets(shown: _Shown, now: int) -> Iterator[tuple[UseCase, RegistrarDataset | None]]:
    for use_case in shown.use_cases:
        own = registration_for(use_case, use_case.query, shown.registrations, now=now, shown=Shown.DATASET)
        yield use_case, registration_dataset(own.says, use_case) if own is not None else None


def _ask(shown: _Shown, use_case: UseCase, dataset: RegistrarDataset | None, now: int) -> Exchange[Line]:
    """What the register says of one use case, in words for whoever runs the verifier."""
    what = f"use case {use_case.id}"
    if dataset is None:
        return Line(
            False, f"{what}: no registration that is good now is for it", "register it, and fetch what you are given"
        )
    if not shown.registers:
        unknown = f"{what}: wallets would ask {dataset.registry_uri}; this verifier follows no list that has registers"
        return Line(None, unknown, "let it follow a list of registrars, as wallets do; then the register is asked here")
    try:
        question = register_question(dataset, shown.leaf, shown.registers)
    except ProtocolError:
        unlisted = f"{what}: no list has a register at {dataset.registry_uri}, so no wallet asks there"
        return Line(False, unlisted, f"ask the registrar by which address it is listed; {_BY_CERTIFICATE}")
    try:
        said = yield from ask_register(question, now=now)
    except ProtocolError as error:
        return Line(False, f"{what}: {error.description}", "wallets that ask there give nothing")
    beyond = uncovered(use_case.query, said.credentials)
    if beyond:
        things = ", ".join(
            found.query_id if found.path is None else f"{found.query_id} {encode_json([*found.path]).decode('utf-8')}"
            for found in beyond
        )
        return Line(
            False, f"{what}: the register does not have {things}", "wallets that ask there give nothing of that"
        )
    return Line(True, f"{what}: {question.register.name} says that it is registered")
