"""What an explanation consists of; how it is shown is `show`'s business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Finding:
    """One question that was asked of the thing: yes, no, or (None) it cannot be told offline."""

    passed: bool | None
    text: str


@dataclass(slots=True)
class Report:
    """A thing and what was found out about it, with the things inside it."""

    kind: str  # in plain words
    specification: str
    content: dict[str, JsonValue] = field(default_factory=dict)  # heading → what stands there
    findings: list[Finding] = field(default_factory=list)
    inside: list[Report] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether no question was answered with no, here and inside."""
        return all(f.passed is not False for f in self.findings) and all(part.sound for part in self.inside)

    @property
    def anything_checked(self) -> bool:
        """Whether any question could be answered, here or inside."""
        return any(f.passed is not None for f in self.findings) or any(part.anything_checked for part in self.inside)

    def note(self, passed: bool | None, text: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(passed, text))

    def check(self, question: str, answer: Callable[[], object]) -> bool:
        """Ask a question whose no is a refusal of the protocol; whether the answer was yes."""
        try:
            answer()
        except ProtocolError as error:
            self.note(False, f"{question}: no. {error.description}")
            return False
        self.note(True, f"{question}: yes")
        return True

    def to_dict(self) -> JsonObject:
        """The report as JSON."""
        return {
            "kind": self.kind,
            "specification": self.specification,
            "sound": self.sound,
            "content": self.content,
            "findings": [{"passed": finding.passed, "text": finding.text} for finding in self.findings],
            "inside": [part.to_dict() for part in self.inside],
        }
