"""What a credential and its claims are called: as the issuer's metadata says, and where it says nothing, as its type does.

Names are put together once, when the credential comes, and are kept with it.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import replace

from protocol.credential import ClaimPath
from protocol.dcql.path import ConcretePath
from protocol.encoding import JsonObject, encode_json
from protocol.errors import Malformed
from protocol.formats import about_subject
from protocol.oid4vci.metadata import ClaimDescription, CredentialConfiguration, Display
from protocol.sdjwt.type_metadata import Display as TypeDisplay
from protocol.sdjwt.type_metadata import TypeMetadata
from wallet.policy.showing import claims_shown, generalised, plain
from wallet.records import read_configuration


def lacks_names(configuration: CredentialConfiguration, claims: JsonObject) -> bool:
    """Whether the issuer leaves the credential, or something that a user sees of it, without a name."""
    named = {claim.path for claim in configuration.claims if claim.display}
    paths = _paths(configuration, claims)
    return not configuration.display or not all(_is_named(path, named) for path in paths)


def named_by_type(
    configuration: CredentialConfiguration, metadata: TypeMetadata, claims: JsonObject
) -> CredentialConfiguration:
    """The configuration, with the type's names in all languages where the issuer has none; its own always win.

    Taken are names of what this credential has in it. Where both together would not fit into a configuration, such as
    names for one element beside names for all, the issuer's stay alone.
    """
    wanted = {steps for path in _paths(configuration, claims) for steps in _with_containers(path)}
    described = {claim.path: claim for claim in configuration.claims}
    for claim in metadata.claims:
        known = described.get(claim.path, ClaimDescription(claim.path))
        display = _displays(claim.display or ())
        if display and not known.display and claim.path in wanted:
            described[claim.path] = replace(known, display=display)
    named = replace(
        configuration,
        display=configuration.display or _displays(metadata.display),
        claims=tuple(described.values()),
    )
    with suppress(Malformed):
        return read_configuration(encode_json(named.to_dict()).decode("utf-8"))
    return configuration


def _displays(displays: Sequence[TypeDisplay]) -> tuple[Display, ...]:
    named = [(plain(display.label), display) for display in displays]
    return tuple(Display(name, display.locale, display.description) for name, display in named if name)


def _paths(configuration: CredentialConfiguration, claims: JsonObject) -> list[ConcretePath]:
    return [claim.path for claim in claims_shown(about_subject(configuration.format, claims), (), "")]


def _is_named(path: ConcretePath, named: Set[ClaimPath]) -> bool:
    """Whether `claim_label` finds a name, or one for every part; elements of an array have their number."""
    return (
        path in named
        or generalised(path) in named
        or all(generalised(path[:length]) in named for length, step in enumerate(path, 1) if isinstance(step, str))
    )


def _with_containers(path: ConcretePath) -> list[ClaimPath]:
    """A claim and everything it stands in, as descriptions name them."""
    prefixes = [path[:length] for length in range(1, len(path) + 1)]
    return [*prefixes, *(generalised(prefix) for prefix in prefixes)]
