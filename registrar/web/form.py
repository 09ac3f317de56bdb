"""The form by which somebody registers in plain words: what was typed, what is wrong with it, and the party it stands for.

Whoever fits into it is an ordinary one: known documents, and what they issue. Everybody else sends a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ssl import DER_cert_to_PEM_cert

from capabilities.registration.party import MAX_NAME, SERVICE_PROVIDER, Party
from capabilities.registration.uses import LONGEST_RETENTION, MAX_LAW, MAX_WORDS, Use, write_credential
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import read_https_url
from registrar.catalogue import document_of, known_authorities, known_documents

MAX_USES = 5  # that one form has
MAX_LINES = 8000  # characters of several addresses, each in a line of its own
FORMAT_OF_LAW = "GDPR Art. 6 (1) {}"
LAWS = ("a", "b", "c", "e", "f")
REGISTERS = ("NTR", "VAT", "TIN")  # the country follows; ETSI EN 319 412-1 §5.1.3, §5.1.4
WORLDWIDE = ("LEIXG",)
LANGUAGES = ("de", "en")
OTHER = "other"
# EU and EEA
COUNTRIES = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU",
    "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip
_ISSUER = {
    "pid": "PID_Provider",
    "public": "PUB_EAA_Provider",
    "qualified": "QEAA_Provider",
    "other": "Non_Q_EAA_Provider",
}
_DAYS = re.compile(r"[0-9]{1,5}", re.ASCII)
_USE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_AT = "party"
# Where a party cannot be what was typed: the field that it came from
_FIELDS = {
    "identifier": "identifier", "country": "country", "email": "email", "phone": "phone", "trade_name": "trade_name",
    "legal_name": "legal_name", "given_name": "given_name", "family_name": "family_name", "support_uri": "support_uri",
    "info_uri": "info_uri", "addresses": "service_address", "cockpit_endpoint": "cockpit_endpoint",
    "cockpit_endpoints": "cockpit_endpoint",
    "authorities": "signing_certificate",
}  # fmt: skip


@dataclass(slots=True)
class RegistrationForm:
    """What was typed, by the names of the fields; and what is wrong, as the fields' names with a word for why.

    The words: missing, long, address, email, number, identifier, certificate, data, choose, short name, twice,
    cockpit, wrong.
    """

    values: Mapping[str, str]
    language: str = "de"  # of whoever fills it in: the text that is needed
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def first_problem(self) -> str:
        """The field where the keyboard begins; empty: nothing is wrong."""
        return next(iter(self.problems), "")

    @property
    def count(self) -> int:
        """How many uses there is room for."""
        typed = self.values.get("uses", "1")
        return min(max(int(typed), 1), MAX_USES) if _DAYS.fullmatch(typed) else 1

    def with_another_use(self) -> RegistrationForm:
        """The same form with room for one more use."""
        return RegistrationForm({**self.values, "uses": str(min(self.count + 1, MAX_USES))}, self.language)

    def party(self) -> Party | None:
        """Who it stands for; None: there are problems."""
        members = self._members()
        if self.problems:
            return None
        try:
            return Party.from_dict(members, _AT)
        except Malformed as error:
            self.problems[self._field_of(error.at)] = _WORDS.get(self._field_of(error.at), "wrong")
            return None

    def _members(self) -> JsonObject:
        natural = self.values.get("person") == "natural"
        names = ("given_name", "family_name") if natural else ("legal_name",)
        entitlements: list[JsonValue] = []
        # In the order of the page, so that the first problem is the first one that is seen
        members: JsonObject = {
            **{name: self._text(name) for name in names},
            "trade_name": self._text("trade_name"),
            "country": self._country(),
            "identifier": self._identifier(),
            "services": [self._texts("service", MAX_WORDS)],
            "info_uri": (website := self._address("info_uri")),
            "email": self._email("email"),
            "phone": self._text("phone"),
            "address": {name: self._text(name) for name in ("street", "postal_code", "locality")},
            "support_uri": self._optional("support_uri") or self.values.get("email", "").strip() or "-",
            "addresses": [*self._addresses("service_address")] or [website],
            "supervisory_authority": self._authority(),
            "entitlements": entitlements,
        }
        if cockpits := self._addresses("cockpit_endpoint"):
            members["cockpit_endpoints"] = [*cockpits]
        if self.values.get("public_body"):
            members["public_body"] = True
        if not (self.values.get("asks") or self.values.get("issues")):
            self.problems["asks"] = "choose"
        if self.values.get("asks"):
            entitlements.append(SERVICE_PROVIDER)
            members["uses"] = [self._use(number) for number in range(1, self.count + 1)]
            self._check_ids()
        if issuer := _ISSUER.get(self.values.get("issues", "")):
            entitlements.append(issuer)
            members["provides"] = list(self._provided())
            members["authorities"] = [self._text("signing_certificate", 8000) + "\n"]
        return members

    def _text(self, name: str, longest: int = MAX_NAME) -> str:
        value = self._optional(name, longest)
        if not value and name not in self.problems:
            self.problems[name] = "missing"
        return value

    def _optional(self, name: str, longest: int = MAX_NAME) -> str:
        value = self.values.get(name, "").strip()
        if len(value) > longest:
            self.problems[name] = "long"
        return value

    def _address(self, name: str) -> str:
        value = self._text(name, 2000)
        return self._whole(name, value) if value else value

    def _addresses(self, name: str) -> list[str]:
        """As many as were typed, each in a line of its own; none: the field may stay empty."""
        lines = map(str.strip, self._optional(name, MAX_LINES).splitlines())
        if name in self.problems:
            return []
        return [self._whole(name, line) for line in lines if line]

    def _whole(self, name: str, value: str) -> str:
        # Nobody types the beginning of an address by heart
        whole = value if "://" in value else f"https://{value}"
        try:
            return read_https_url(whole, name)
        except Malformed:
            self.problems[name] = "address"
            return value

    def _email(self, name: str) -> str:
        value = self._text(name)
        if value and not _EMAIL.fullmatch(value):
            self.problems[name] = "email"
        return value

    def _texts(self, name: str, longest: int) -> JsonObject:
        """A text in as many of our languages as were typed."""
        texts = {language: self._optional(f"{name}_{language}", longest) for language in LANGUAGES}
        if not any(texts.values()):
            self.problems[f"{name}_{self.language}"] = "missing"
        return {language: text for language, text in texts.items() if text}

    def _country(self) -> str:
        country = self.values.get("country", "DE")
        if country not in COUNTRIES:
            self.problems["country"] = "choose"
        return country

    def _identifier(self) -> str:
        number, kind = self._text("identifier"), self.values.get("identifier_kind", "NTR")
        if kind in REGISTERS:
            return f"{kind}{self.values.get('country', 'DE')}-{number}"
        return f"{kind}-{number}" if kind in WORLDWIDE else number

    def _authority(self) -> JsonObject:
        chosen = self.values.get("authority", "")
        known = next((known.authority for known in known_authorities() if known.id == chosen), None)
        if known is not None:
            return {name: value for name, value in known._asdict().items() if value}
        if chosen != OTHER:
            self.problems["authority"] = "choose"
            return {}
        found: JsonObject = {"name": self._text("authority_name"), "country": self._country()}
        if self._optional("authority_email"):
            found["email"] = self._email("authority_email")
        if self._optional("authority_uri"):
            found["uri"] = self._address("authority_uri")
        if not {"email", "uri"} & found.keys():
            self.problems["authority_email"] = "missing"
        return found

    def _use(self, number: int) -> JsonObject:
        at = f"use{number}_"
        return {
            "purpose": self._texts(f"{at}purpose", MAX_WORDS),
            "credentials": self._asked(at),
            "legal_basis": self._law(at),
            "retention_days": self._days(f"{at}retention_days"),
            "privacy_policy": self._address(f"{at}privacy_policy"),
            "id": self._use_id(number),
        }

    def _asked(self, at: str) -> list[JsonValue]:
        credentials: list[JsonValue] = []
        for document in known_documents():
            chosen = [datum for datum in document.data if self.values.get(f"{at}{document.id}_{datum.id}")]
            if chosen:
                credentials += map(write_credential, document.registered(chosen))
        if not credentials:
            self.problems[f"{at}data"] = "data"
        return credentials

    def _use_id(self, number: int) -> str:
        typed = self._optional(f"use{number}_id", 63) or f"use-{number}"
        if not _USE_ID.fullmatch(typed):
            self.problems[f"use{number}_id"] = "short name"
        return typed

    def _check_ids(self) -> None:
        seen: set[str] = set()
        for number in range(1, self.count + 1):
            name = self.values.get(f"use{number}_id", "").strip() or f"use-{number}"
            if name in seen:
                self.problems[f"use{number}_id"] = "twice"
            seen.add(name)

    def _law(self, at: str) -> str:
        law, more = self.values.get(f"{at}law", ""), self._optional(f"{at}law_more", MAX_LAW - 40)
        if law in LAWS:
            basis = FORMAT_OF_LAW.format(law)
            return f"{basis}; {more}" if more else basis
        if law != OTHER:
            self.problems[f"{at}law"] = "choose"
        elif not more:
            self.problems[f"{at}law_more"] = "missing"
        return more

    def _days(self, name: str) -> int:
        typed = self._text(name)
        if not typed:
            return 0
        if not _DAYS.fullmatch(typed) or int(typed) > LONGEST_RETENTION:
            self.problems[name] = "number"
            return 0
        return int(typed)

    def _provided(self) -> Iterator[JsonObject]:
        chosen = [document for document in known_documents() if self.values.get(f"provides_{document.id}")]
        if not chosen:
            self.problems["provides"] = "data"
        for document in chosen:
            yield from map(write_credential, document.registered())

    def _field_of(self, at: str) -> str:
        """The field that a place in a party came from; `form`: none of them alone."""
        name = at.removeprefix(f"{_AT}.").split(".")[0].split("[")[0]
        if name == "supervisory_authority":
            return "authority_email" if at.endswith("email") else "authority"
        if name == "address":
            return at.rpartition(".")[2]
        return _FIELDS.get(name, "form")


_WORDS = {
    "identifier": "identifier",
    "email": "email",
    "signing_certificate": "certificate",
    "authority_email": "email",
    "cockpit_endpoint": "cockpit",
}


def form_of(party: Party) -> RegistrationForm | None:
    """What somebody would have typed for a party; None: it says more than the form has room for."""
    values = _values(party)
    if values is None or RegistrationForm(values).party() != party:
        return None
    return RegistrationForm(values)


def _values(party: Party) -> dict[str, str] | None:
    values = {
        "person": "legal" if party.legal_name is not None else "natural",
        "legal_name": party.legal_name or "",
        "given_name": party.given_name or "",
        "family_name": party.family_name or "",
        "public_body": "yes" if party.public_body else "",
        **_identifier_values(party),
        **{name: getattr(party, name) for name in ("trade_name", "info_uri", "support_uri", "email", "phone")},
        **party.address._asdict(),
        "country": party.country,
        "service_address": "\n".join(party.addresses),
        "cockpit_endpoint": "\n".join(party.cockpit_endpoints),
        "asks": "yes" if SERVICE_PROVIDER in party.entitlements else "",
        "issues": next((kind for kind, name in _ISSUER.items() if name in party.entitlements), ""),
        "uses": str(max(1, len(party.uses))),
        **_authority_values(party),
    }
    for service in party.services[:1]:
        values |= {f"service_{text.language}": text.text for text in service}
    for credential in party.provides:
        known = document_of(credential)
        values |= {f"provides_{known.id}": "yes"} if known else {}
    for certificate in party.authorities[:1]:
        values["signing_certificate"] = DER_cert_to_PEM_cert(certificate.der)
    for number, use in enumerate(party.uses, start=1):
        values |= _use_values(f"use{number}_", use)
    return {name: value for name, value in values.items() if value}


def _identifier_values(party: Party) -> dict[str, str]:
    kind, _sign, number = party.identifier.partition("-")
    if kind in WORLDWIDE:
        return {"identifier_kind": kind, "identifier": number}
    if kind[:3] in REGISTERS and kind[3:] == party.country:
        return {"identifier_kind": kind[:3], "identifier": number}
    return {"identifier_kind": OTHER, "identifier": party.identifier}


def _authority_values(party: Party) -> dict[str, str]:
    authority = party.supervisory_authority
    known = next((known.id for known in known_authorities() if known.authority == authority), None)
    if known is not None:
        return {"authority": known}
    return {
        "authority": OTHER,
        "authority_name": authority.name,
        "authority_email": authority.email or "",
        "authority_uri": authority.uri or "",
    }


def _use_values(at: str, use: Use) -> dict[str, str]:
    basis, _sign, more = use.legal_basis.partition("; ")
    laws = {FORMAT_OF_LAW.format(law): law for law in LAWS}
    values = {
        f"{at}id": use.id,
        f"{at}privacy_policy": use.privacy_policy,
        f"{at}law": laws.get(basis, OTHER),
        f"{at}law_more": more if basis in laws else use.legal_basis,
        f"{at}retention_days": str(use.retention_days),
        **{f"{at}purpose_{text.language}": text.text for text in use.purpose},
    }
    read: set[str] = set()
    for credential in use.credentials:
        known = document_of(credential)
        # The first form of a document has every piece of data that was chosen; the other says the same in its own words
        if known is None or known.id in read:
            continue
        read.add(known.id)
        chosen = [datum for path in credential.claims if (datum := known.datum(path)) is not None]
        values |= {f"{at}{known.id}_{datum.id}": "yes" for datum in chosen}
    return values
