"""What is said about services: every case has words, in both languages."""

import pytest

from protocol.sovereignty.rules import CredentialType
from protocol.sovereignty.service import LifeEvent
from protocol.sovereignty.suggestions import Rank
from wallet.policy.services.showing import ProofShown, ReasonShown, ServiceShown
from wallet.service.published import PublishedProblem
from wallet.service_words import ServiceWords, event_names
from wallet.words import Words

TYPES = (CredentialType("dc+sd-jwt", "urn:a"),)
GIVER = ServiceShown("x", "Get it", "", "Office", (), "office.example")


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_case_has_words_of_its_own(language):
    say = ServiceWords(Words(language))
    events, problems = [say.event(one) for one in LifeEvent], [say.problem(one) for one in PublishedProblem]
    for words in (events, problems, [say.rank(one) for one in Rank]):
        assert all(words)
        assert len(set(words)) == len(words)
    assert all(len(names) == 2 for names in event_names().values())


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (ReasonShown("You are 18", good=True, known=True, negated=False, renew=False), "You are 18"),
        (
            ReasonShown("You own a car", good=True, known=True, negated=True, renew=False),
            "Does not apply to you: You own a car",
        ),
        (
            ReasonShown("You are 67", good=False, known=True, negated=False, renew=False),
            "Does not apply to you: You are 67",
        ),
        (ReasonShown("You own a car", good=False, known=True, negated=True, renew=False), "You own a car"),
        (ReasonShown("You study", good=False, known=False, negated=False, renew=False), "Not known yet: You study"),
        (
            ReasonShown("You study", good=False, known=False, negated=False, renew=True),
            "Not known, because a document has run out: You study",
        ),
    ],
)
def test_a_reason_says_how_it_stands(reason, words):
    assert ServiceWords(Words("en")).reason(reason) == words


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (ProofShown("Student card", True, (GIVER,), TYPES), "Student card: yours has run out, renew it"),
        (ProofShown("Student card", False, (GIVER,), TYPES), "Student card"),
        (ProofShown("", False, (GIVER,), TYPES), "The proof that you get with: Get it"),
        (ProofShown("", False, (GIVER, GIVER), TYPES), "A document that you do not have yet"),
        (ProofShown("", False, (), TYPES), "A document that you do not have yet"),
        (ProofShown("", False, (), ()), "Something that none of your documents says"),
    ],
)
def test_a_missing_proof_is_named_as_well_as_it_can_be(proof, words):
    assert ServiceWords(Words("en")).proof(proof) == words
