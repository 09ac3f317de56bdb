"""What the demo says on the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from hoheit.demo.places import (
    AGENCIES,
    CITIZEN,
    CITIZEN_NAME,
    CITY_OFFICE,
    CLERK,
    COUNTERS,
    OPERATOR,
    PARTNERS,
    PROVIDING,
    REGISTER,
    REGISTERS,
    TOWN,
)
from hoheit.demo.setting_up import Town
from hoheit.demo.walk import Step
from runtime.seal import read_private

VERDICT = {
    True: "\n[bold green]Every step verified.[/bold green]",
    False: "\n[bold red]A step failed; nothing after it was tried.[/bold red]",
}


def tell_beginning(town: Town, console: Console) -> None:
    """Where the town is."""
    console.print(f"\n[bold]The demo town of {TOWN}[/bold] is up. It is kept in {escape(str(town.folder))}\n")


def tell_step(number: int, step: Step, console: Console) -> None:
    """One step of the walk."""
    mark = "[green]✓[/green]" if step.good else "[bold red]✗[/bold red]"
    console.print(
        f"{mark} {number}. {escape(step.title)} [dim]{step.milliseconds:.0f} ms[/dim]", highlight=False, soft_wrap=True
    )
    for line in step.lines:
        console.print(f"     {escape(line)}", highlight=False, soft_wrap=True)


def tell_what_to_try(town: Town, passphrase_file: Path, console: Console) -> None:
    """Every address, and commands that work as they stand."""
    console.print(f"\n[bold]Begin here, in a browser:[/bold] {town.start}/", highlight=False, soft_wrap=True)
    console.print(
        f"  The passphrase of Erika's wallet: {read_private(passphrase_file).decode('ascii')}", highlight=False
    )
    for agency in AGENCIES:
        said = f"  The code of {CLERK}, clerk at {dict(agency.name)['en']}: {town.clerk_code(agency)}"
        console.print(escape(said), highlight=False, soft_wrap=True)
    for place in PROVIDING:
        said = f"  The code of {CLERK}, who decides about cases at {town.address(place)}/desk: {town.clerk_code(place)}"
        console.print(escape(said), highlight=False, soft_wrap=True)
    said = f"  The code of {OPERATOR}, who decides at the {dict(REGISTER.name)['en']}: {town.operator_code(REGISTER)}"
    console.print(escape(said), highlight=False, soft_wrap=True)
    console.print("\n[bold]Everybody in town[/bold]")
    console.print(f"  {town.wallet_address}/   the wallet of {CITIZEN_NAME}", highlight=False, soft_wrap=True)
    for place in (*AGENCIES, *COUNTERS, *PARTNERS, *REGISTERS):
        console.print(f"  {town.address(place)}/   {escape(dict(place.name)['en'])}", highlight=False, soft_wrap=True)
    console.print("\n[bold]To try by hand[/bold], in another terminal after `export HOHEIT_ENV=demo`")
    for what, command in things_to_try(town, passphrase_file):
        console.print(f"  {what}:\n    [cyan]{escape(command)}[/cyan]", highlight=False, soft_wrap=True)
    console.print("\nEnd with Ctrl-C. Everything stays in the folder above; delete it to begin anew.")


def things_to_try(town: Town, passphrase_file: Path) -> tuple[tuple[str, str], ...]:
    """What can be done, and the command that does it."""
    wallet = f"hoheit wallet --data {town.wallet} --passphrase-file {passphrase_file}"
    return (
        ("What Erika's wallet holds", f"{wallet} list"),
        ("Who saw which of her data", f"{wallet} log"),
        ("Open a partner's page, choose a question, copy the link of its button", f"{wallet} present 'LINK'"),
        ("Make an offer for Erika", f"hoheit issuer offer --data {town.data(CITY_OFFICE)} {CITIZEN} --type pid"),
        ("Take it, with the link and the code that this prints", f"{wallet} receive 'LINK'"),
        (
            "After her wallet was blocked: let the office look at once, and not once a day",
            f"hoheit issuer check-wallets --data {town.data(CITY_OFFICE)}",
        ),
        ("Explain any link, token or QR picture", f"hoheit inspect {town.folder / f'{CITY_OFFICE.id}-offer.png'}"),
    )
