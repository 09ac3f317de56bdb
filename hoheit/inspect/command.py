"""`hoheit inspect`: explains what it is given, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    what: Annotated[str, typer.Argument(metavar="TOKEN|LINK|FILE|QR-IMAGE|-", help="What to explain; - reads it.")],
    anchors: Annotated[Path | None, typer.Option(help="A folder of trust anchors to check certificates with.")] = None,
    at: Annotated[int | None, typer.Option(help="The instant to check times at, in epoch seconds; else now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Explain any token, offer, request, mdoc, QR image or file: its parts, what could be checked, what is wrong.

    Nothing is sent or fetched. The status is 0 if nothing is wrong as far as it could be checked, else 1.
    """
    from rich.console import Console

    from hoheit.inspect.recognise import explain
    from hoheit.inspect.show import show
    from hoheit.inspect.source import read_source
    from hoheit.inspect.surroundings import Surroundings
    from protocol.encoding import encode_json
    from runtime import system
    from runtime.anchors import read_anchors

    around = Surroundings(system.now() if at is None else at, read_anchors(anchors) if anchors is not None else None)
    report = explain(read_source(what), around)
    if as_json:
        print(encode_json(report.to_dict()).decode("utf-8"))
    else:
        show(report, Console())
    if not report.sound:
        raise typer.Exit(1)
