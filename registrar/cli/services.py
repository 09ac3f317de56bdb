"""What the commands about services and witnessed partners do; see `registrar.cli.commands`."""

from __future__ import annotations

from pathlib import Path

from capabilities.registration.entries import read_services_file
from protocol.encoding import JsonObject
from protocol.errors import Conflict
from registrar.announcing import entry_json, reason_of
from registrar.cli.commands import open_folder, run_here
from registrar.records import Offering
from registrar.session import proposal_id
from registrar.store import ServiceFilter
from registrar.witnessed import witnessed_of
from runtime.commands import explained, print_json


@explained()
def tell_services(data: Path, *, waiting: bool, as_json: bool) -> None:
    """Tell which services there are, page by page."""
    wanted = ServiceFilter(waiting=waiting)
    with open_folder(data) as registrar:
        after = ""
        while lines := run_here(registrar, registrar.offerings.search(wanted, after=after)):
            for line in lines:
                if as_json:
                    print_json(
                        {
                            "id": line.offering.id,
                            "party": line.party,
                            "state": str(line.offering.state),
                            "waits": bool(line.offering.proposed),
                        }
                    )
                else:
                    print(f"{line.offering.id}  {line.party}  {_told(line.offering)}")
            after = lines[-1].offering.id


@explained()
def tell_service(data: Path, service: str) -> None:
    """Tell everything about one service.

    Raises:
        NotFound: there is none of this id.
    """
    with open_folder(data) as registrar:
        line = run_here(registrar, registrar.offerings.line(service))
        problems = run_here(registrar, registrar.offerings.problems(line))
    print_json(
        {
            "id": line.offering.id,
            "party": line.party,
            "state": str(line.offering.state),
            "reason": reason_of(line.offering),
            "announced": entry_json(line.offering.document),
            "proposed": entry_json(line.offering.proposed),
            "problems": [problem.sentence for problem in problems],
        }
    )


@explained()
def check_services_file(data: Path, identifier: str, file: Path) -> bool:
    """Tell what is wrong with the services of a file; whether nothing is.

    Raises:
        NotFound: nobody has this identifier.
        Conflict: they are not registered.
        Malformed, TooLarge: the file cannot be read.
    """
    entries = read_services_file(file)
    with open_folder(data) as registrar:
        line = run_here(registrar, registrar.parties.line(identifier))
        if not line.document:
            raise Conflict("only who is registered can hand in services")
        problems = run_here(registrar, registrar.offerings.check(line.document, entries))
    for problem in problems:
        print(f"✗ {problem.sentence}")
    if not problems:
        print(f"✓ {len(entries)} of {len(entries)} can be handed in")
    return not problems


@explained()
def decide_service(data: Path, service: str, deed: str, reason: str, operator: str) -> str:
    """Decide about a service; where it stands now.

    Raises:
        NotFound: there is none of this id.
        Conflict, InvalidRequest: see `registrar.offering`.
    """
    with open_folder(data) as registrar:
        offerings = registrar.offerings
        proposal = proposal_id(run_here(registrar, offerings.line(service)).offering.proposed)
        deeds = {
            "approve": lambda: offerings.approve(service, proposal, operator),
            "refuse": lambda: offerings.refuse(service, proposal, reason, operator),
            "take-out": lambda: offerings.take_out(service, reason, operator),
        }
        run_here(registrar, deeds[deed]())
        line = run_here(registrar, offerings.line(service))
    return f"{service}: {_told(line.offering)}"


@explained()
def tell_partners(data: Path, *, as_json: bool) -> None:
    """Tell whose usage logs are witnessed, page by page."""
    with open_folder(data) as registrar:
        after = ""
        while found := run_here(registrar, registrar.witness.partners(after=after)):
            for partner in found:
                if as_json:
                    told: JsonObject = {
                        "identifier": partner.identifier,
                        "country": partner.country,
                        "active": partner.active,
                        "looked_at": partner.looked_at,
                        "finding": partner.finding,
                    }
                    print_json({**told, **witnessed_of(partner).to_dict()})
                else:
                    broken = " · has changed its past" if partner.broken_since is not None else ""
                    finding = partner.finding or ("in order" if partner.looked_at else "not looked at yet")
                    print(f"{partner.identifier}  {partner.cockpit_endpoint}  {finding}{broken}")
            after = found[-1].identifier


def _told(offering: Offering) -> str:
    waits = " · waits for a decision" if offering.proposed else ""
    reason = reason_of(offering)
    return f"{offering.state}{f': {reason}' if reason else ''}{waits}"
