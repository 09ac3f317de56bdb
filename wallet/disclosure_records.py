"""What a wallet keeps of answers to partners with a cockpit: what was sent, and what the partner says since.

The same is kept of documents whose issuer has one: what the issuer took from its register, and what it did since.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DisclosedDocument:
    """Which document answered which part of a request."""

    query_id: str  # in person: the docType
    name: str  # as its issuer calls it
    type: str


@dataclass(frozen=True, slots=True)
class SentAnswer:
    """What the wallet knows of one answer that it gave. No value of a claim is in it, only hashes of what was sent."""

    at: int  # epoch seconds
    client_id: str  # of the request; empty: in person
    announced: str  # cockpit endpoint
    answered_at: str  # where it went: `response_uri`, or the origin of the page; empty: in person
    request: str  # as it was signed
    request_hash: str
    presentations: tuple[tuple[str, tuple[str, ...]], ...]  # query id → hashes
    claims: tuple[tuple[str, tuple[str, ...]], ...]  # query id → claims paths as JSON text
    documents: tuple[DisclosedDocument, ...]
    requesters: tuple[tuple[str, str], ...]  # identifier and country, by the access certificate
    name: str  # of the partner, as registered or as its certificate says
    trusted_by: str
    registration: str  # the certificate that held when it was shown; empty: none was
    issued: bool = False  # nothing was sent: it is a document, and what its issuer took from the register for it


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt as it came, with everything that is wrong with it."""

    raw: str
    arrived_at: int  # epoch seconds
    findings: tuple[str, ...]  # by `protocol.sovereignty.receipt_check`
    problem: str = ""  # why it cannot be read or believed
    signer_status: str = "unknown"  # of its certificate when it came: good, revoked or unknown


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A usage report as it came, which binds the partner."""

    raw: str
    issued_at: int  # epoch seconds
    quiet: bool  # it brought nothing that was not known


@dataclass(frozen=True, slots=True)
class KnownUse:
    """One thing that a partner says that it did with data."""

    n: int
    leaf: str  # hash as it was shown first, hex
    in_tree: bool  # proven to be
    entry: str  # JSON, as it came


@dataclass(frozen=True, slots=True)
class KnownHead:
    """How far a log of a partner had come, by one of its reports."""

    log: str
    size: int
    root: str  # hex
    report_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """Something that a partner left out or contradicted."""

    rule: str  # by `protocol.sovereignty.findings`
    at: int  # epoch seconds, when it was found
    entries: tuple[int, ...] = ()
    log: str = ""
    who: str = ""
    claims: tuple[tuple[str, str], ...] = ()  # query id, claims path as JSON text


@dataclass(frozen=True, slots=True)
class KnownNews:
    """What a partner let the user know."""

    at: int  # epoch seconds
    text: tuple[tuple[str, str], ...]  # language → text
    offer: str  # link of an offer; empty: none


@dataclass(frozen=True, slots=True)
class UsageKnown:
    """Everything that a partner ever said that it did with the data of one receipt."""

    reported_at: int = 0  # epoch seconds; `iat` of the last report
    complete_at: int = 0  # of the last report that left nothing for another one
    looked_at: int = 0  # when it came
    uses: tuple[KnownUse, ...] = ()  # by number
    heads: tuple[KnownHead, ...] = ()  # of the last report
    unwitnessed: tuple[KnownHead, ...] = ()  # that the witness has still to confirm
    findings: tuple[KnownFinding, ...] = ()
    news: tuple[KnownNews, ...] = ()
    reports: tuple[KeptReport, ...] = ()
    refused: str = ""  # why the last answer was not taken, by the code of its error; empty: it was


@dataclass(frozen=True, slots=True)
class KeptStatus:
    """What a partner said of a request about rights, as it came: evidence."""

    raw: str
    arrived_at: int  # epoch seconds
    signer_status: str  # of its certificate when it came: good, revoked or unknown


@dataclass(frozen=True, slots=True)
class RightsAsked:
    """What the user asked of a partner about the data of one receipt, and what became of it."""

    id: str  # its jti
    right: str
    at: int  # epoch seconds
    token: str  # as it was signed; whoever lost an answer sends the same bytes again
    key: str  # private key that what is handed out is encrypted to, hex; empty: none, or it was dropped
    answered_at: int = 0  # epoch seconds, when the first status came; 0: none did yet
    looked_at: int = 0  # epoch seconds, when the partner answered last
    statuses: tuple[KeptStatus, ...] = ()
    problem: str = ""  # why the last answer was not taken, by the code of its error; empty: it was

    def __repr__(self) -> str:
        """Never the key, and not what the user wrote."""
        return f"RightsAsked({self.id})"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One answer to a request that announced a cockpit: what was sent, the key for it, and what the partner says since.

    Or one document of an issuer that announced one.
    """

    id: str
    log_number: int  # of the log entry that says what was given
    sent: SentAnswer
    thumbprint: str  # of the cockpit key
    key: str  # the private key, hex; empty: the user dropped it, and with it the rights that hang on it
    claim: str  # hex; binds the key after a session in person; empty: the key went with the answer
    hour: int  # of the day (UTC), drawn at random, in which it is refreshed where that is switched on
    asked_at: int = 0  # epoch seconds; when the partner answered last
    wait_until: int = 0  # epoch seconds; before then the partner wants not to be asked for the receipt
    agreed: bool = False  # the user said yes to asking, though their address may tell more than what was sent
    receipt: KeptReceipt | None = None
    usage: UsageKnown = UsageKnown()
    rights: tuple[RightsAsked, ...] = ()  # oldest first
    mandated: tuple[str, ...] = ()  # identifiers of those to whom its issuer forwards what the user told it to

    def __repr__(self) -> str:
        """Never the key."""
        return f"Disclosure({self.id})"
