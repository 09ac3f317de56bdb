"""Holds requests against a registration, as a wallet will: which data is asked beyond it (TS 119 475 §5.2.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from capabilities.registration.party import Party
from capabilities.registration.registering import read_party
from protocol.dcql.query import DcqlQuery
from protocol.encoding import encode_json, read_json
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.oid4vp.dc_api import MAX_VERIFIER_INFO
from protocol.trust.coverage import Uncovered, uncovered
from protocol.trust.dataset import REGISTRAR_DATASET, RegistrarDataset
from runtime.anchors import read_file
from runtime.commands import explained
from verifier.use_case import UseCase


class Question(NamedTuple):
    """A request that somebody means to send."""

    name: str
    use: str  # id of the use that it is registered under; empty: whichever covers it
    query: DcqlQuery
    dataset: RegistrarDataset | None = None  # what it says of its registration itself


@explained()
def tell_coverage(file: Path, requests: Iterable[Path]) -> bool:
    """Say for each request whether the registration covers it; whether all are covered.

    Raises:
        Malformed: a file cannot be read; the message names it.
    """
    party = read_party(file)
    good = True
    for question in questions(requests):
        problems = problems_of(question, party)
        good = good and not problems
        print(f"{'✗' if problems else '✓'} {question.name}")
        for problem in problems:
            print(f"    {problem}")
    return good


def questions(requests: Iterable[Path]) -> Iterator[Question]:
    """Every request in files and folders.

    Raises:
        Malformed: none at all, or a file that cannot be read.
    """
    files = [found for path in requests for found in (_in_folder(path) if path.is_dir() else [path])]
    if not files:
        raise Malformed("requests", "there is no use case and no query")
    for file in files:
        yield _question(file)


def problems_of(question: Question, party: Party) -> list[str]:
    """What a wallet would object to, in words for whoever wrote the request."""
    dataset = question.dataset
    if dataset is not None and not any(one.is_semantic(party.identifier) for one in dataset.identifiers):
        return [f"it names somebody else than {party.identifier}, so wallets would ask the register about them"]
    if question.use:
        use = next((use for use in party.uses if use.id == question.use), None)
        if use is None:
            return [f"the registration has no use {question.use}"]
        return [_problem(found, use.id) for found in uncovered(question.query, use.credentials)]
    tried = [(use.id, uncovered(question.query, use.credentials)) for use in party.uses]
    if not tried:
        return ["the registration has no uses"]
    # The use that comes nearest: what is missing there is the least to register
    name, beyond = min(tried, key=lambda pair: len(pair[1]))
    return [_problem(found, name) for found in beyond]


def _problem(found: Uncovered, use: str) -> str:
    if found.path is None:
        return f"{found.query_id}: this kind of document is not registered for {use}"
    return f"{found.query_id}: {encode_json([*found.path]).decode('utf-8')} is not registered for {use}"


def _in_folder(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix in (".toml", ".json"))


def _question(file: Path) -> Question:
    data = read_file(file)
    if file.suffix == ".json":
        query = Fields(read_json(data, file.name), file.name)
        # A whole request holds its query in `dcql_query`, and may say for which use it is registered
        dataset = _dataset(query)
        asked = DcqlQuery.from_dict(query.members.get("dcql_query", query.members), file.name)
        return Question(file.name, (dataset.intended_use or "") if dataset is not None else "", asked, dataset)
    try:
        use_case = UseCase.from_toml(data.decode("utf-8"), file.name)
    except UnicodeDecodeError as error:
        raise Malformed(file.name, "is not text") from error
    return Question(use_case.id, use_case.registered_use, use_case.query)


def _dataset(request: Fields) -> RegistrarDataset | None:
    """What a whole request says of its registration: a wallet asks the register by that where there is no certificate.

    Raises:
        Malformed: it cannot be read, or there are several; wallets take that for none.
    """
    infos = request.optional_objects("verifier_info", max_items=MAX_VERIFIER_INFO)
    found = [info for info in infos if info.members.get("format") == REGISTRAR_DATASET]
    if len(found) > 1:
        raise Malformed(request.path("verifier_info"), "must have one registrar_dataset at most")
    data = found[0].object("data") if found else None
    # Who is not registered yet says what for and nothing else
    return RegistrarDataset.from_verifier_info(data) if data is not None and "registryURI" in data else None
