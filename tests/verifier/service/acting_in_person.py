"""A school at whose counter parents show for which child they act, and what they show."""

from protocol.device_retrieval.answer import device_response
from protocol.encoding import JsonObject
from protocol.sovereignty.representation import DOCTYPE
from tests.protocol.device_retrieval.samples import ISSUER, Holder
from tests.protocol.mdoc.samples import HOLDER
from tests.support.acting import ERIKA, MIA, PID_QUERY, PROOF, PROOF_QUERY, SCHOOL_QUERY
from tests.support.papers import mdoc
from tests.verifier.service.test_meetings import hand_over, look, met, result

PID, SCHOOL = "eu.europa.ec.eudi.pid.1", "org.lindenau.school.1"


def asks(id_: str, doc_type: str, *elements: str) -> str:
    """A query for an mdoc, in a file."""
    claims = ", ".join(f'{{ path = ["{doc_type}", "{element}"] }}' for element in elements)
    return f'{{ id = "{id_}", format = "mso_mdoc", meta = {{ doctype_value = "{doc_type}" }}, claims = [{claims}] }}'


PERSON = ("family_name", "given_name", "birth_date")
PROOF_AS_MDOC = asks("proof-mdoc", DOCTYPE, *PERSON, "relation", "represented", "areas", "alone", "until")
PID_AS_MDOC = asks("pid-mdoc", PID, *PERSON)
SCHOOL_AS_MDOC = asks("school-mdoc", SCHOOL, *PERSON)
USE_CASE = f"""
id = "for-a-child"
keep_seconds = 600
[title]
en = "Sign up for school trips"
[purpose]
en = "We write down who says yes for the child."
[query]
credentials = [
  {PROOF_QUERY},
  {PID_QUERY},
  {SCHOOL_QUERY},
  {PROOF_AS_MDOC},
  {PID_AS_MDOC},
  {SCHOOL_AS_MDOC},
]
credential_sets = [{{ options = [["proof", "pid", "school"], ["proof-mdoc", "pid-mdoc", "school-mdoc"]] }}]
[acting]
proof = ["proof", "proof-mdoc"]
identity = ["pid", "pid-mdoc"]
about = ["school", "school-mdoc"]
relations = ["parent", "guardian"]
area = "school"
called = {{ de = "Schule", en = "School" }}
"""
# For oneself, or for a child
EITHER = f"""
id = "join"
[title]
en = "Join the club"
[purpose]
en = "We take you in, or your child."
[query]
credentials = [
  {PID_AS_MDOC},
  {PROOF_AS_MDOC},
]
credential_sets = [{{ options = [["pid-mdoc"]] }}, {{ options = [["proof-mdoc"]], required = false }}]
[acting]
proof = "proof-mdoc"
identity = "pid-mdoc"
relations = ["parent"]
area = "school"
[asks.pid-mdoc]
name = {{ en = "Card" }}
data = [{{ path = ["{PID}", "family_name"], label = {{ en = "Name on the card" }} }}]
"""


def papers(proof: JsonObject | None = None, **others: JsonObject) -> dict[str, str]:
    """What a parent shows, by document type, with changes."""
    return {
        DOCTYPE: mdoc(DOCTYPE, {**PROOF, **(proof or {})}, ISSUER, HOLDER, seed=201),
        PID: mdoc(PID, others.get("pid", ERIKA), ISSUER, HOLDER, seed=202),
        SCHOOL: mdoc(SCHOOL, others.get("school", MIA), ISSUER, HOLDER, seed=203),
    }


def shown(counter, made, held, *, later=0):
    """The session, the answer in it, which comes so many seconds later, and how the request stands then."""
    meeting = met(counter, made)
    question = look(counter, meeting).request
    response = device_response(question.dcql_query, Holder(tuple(held.values())).present(question))
    counter.clock.forward(later)
    hand_over(counter, made, meeting.answer(response))
    return meeting, response, result(counter, made)
