"""Credentials and presentations in SD-JWT form: what is disclosed, what stays hidden, whether all of it fits together."""

from __future__ import annotations

from hoheit.inspect.report import Report
from hoheit.inspect.surroundings import Surroundings
from hoheit.inspect.tokens import explain_jws
from protocol.encoding import JsonValue, encode_base64url, sha256
from protocol.errors import NotAuthentic
from protocol.fields import Fields
from protocol.jws import verify_signature
from protocol.keys import PublicKey
from protocol.sdjwt.process import ProcessedSdJwt, process_claims
from protocol.sdjwt.token import SdJwt


def explain_sd_jwt(text: str, around: Surroundings) -> Report:
    """A credential with its disclosures, or a presentation with key binding.

    Raises:
        ProtocolError: it cannot be taken apart.
    """
    token = SdJwt.from_text(text)
    what = "Presentation of a credential" if token.kb_jwt is not None else "Credential"
    report = Report(f"{what} (SD-JWT)", "RFC 9901, SD-JWT VC")
    report.content["disclosures"] = [
        {"name": disclosure.name, "value": disclosure.value} for disclosure in token.disclosures
    ]
    payload = token.jws.peek_claims("credential").members
    processed: list[ProcessedSdJwt] = []
    if report.check(
        "every disclosure belongs to the credential",
        lambda: processed.append(process_claims(payload, token.disclosures, "credential")),
    ):
        report.content["claims, as they are disclosed"] = processed[0].claims
        report.content["can be left out"] = [_path(path) for path in processed[0].disclosed]
    report.content["digests that stay hidden, decoys among them"] = _count_digests(payload) - len(token.disclosures)
    report.inside.append(explain_jws(token.jws.raw, around))
    if token.kb_jwt is None:
        report.note(None, "who shows it: cannot be told, there is no key binding")
        return report
    report.inside.append(explain_jws(token.kb_jwt.raw, around))
    _check_binding(report, token, payload)
    return report


def _check_binding(report: Report, token: SdJwt, payload: dict[str, JsonValue]) -> None:
    binding = token.kb_jwt
    if binding is None:
        return

    def signature() -> None:
        confirmation = Fields(payload, "credential").object("cnf")
        verify_signature(binding, PublicKey.from_jwk(confirmation.required("jwk"), "credential.cnf.jwk"), "key binding")

    def digest() -> None:
        claimed = binding.peek_claims("key binding").text("sd_hash")
        if claimed != encode_base64url(sha256(token.presented.encode("ascii"))):
            raise NotAuthentic("it was made for another selection")

    # The key of a key binding stands in the credential, so what its own report could not tell is told here
    part = report.inside[-1]
    part.findings = [finding for finding in part.findings if finding.passed is not None]
    report.check("the holder's key signed the key binding", signature)
    report.check("the key binding covers exactly these disclosures", digest)
    report.note(None, "whether audience and nonce are the right ones: only the verifier that asked knows")


def _count_digests(value: JsonValue) -> int:
    if isinstance(value, dict):
        digests = value.get("_sd")
        own = len(digests) if isinstance(digests, list) else 0
        return own + ("..." in value) + sum(_count_digests(item) for item in value.values())
    if isinstance(value, list):
        return sum(_count_digests(item) for item in value)
    return 0


def _path(path: tuple[str | int | None, ...]) -> str:
    return "/".join(map(str, path))
