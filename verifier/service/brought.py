"""What wallets bring along for the form of a service: which questions it takes answers to, and which of them it keeps.

Only a request that leads to a form takes any. They are proposals: what a document says goes before them, and nothing is sent
before the citizen has seen them in the form (docs/decisions/0063).
"""

from __future__ import annotations

from protocol.encoding import JsonObject
from protocol.oid4vp.response import AuthorizationResponse
from protocol.sovereignty.answers import fitting
from protocol.sovereignty.form import Form
from verifier.service.context import VerifierContext
from verifier.session import Awaited

NO_QUESTIONS = Form(())


def takes_answers(context: VerifierContext, stage: Awaited) -> tuple[str, ...]:
    """The questions whose answers are taken with an answer to this request; empty: no form comes after it."""
    return tuple([field.name for field in _form(context, stage).fields])


def brought_along(context: VerifierContext, stage: Awaited, response: AuthorizationResponse) -> JsonObject:
    """What is kept of the answers that came: those to questions that are asked, as far as they are answers."""
    return fitting(response.answers, _form(context, stage), takes_answers(context, stage))


def _form(context: VerifierContext, stage: Awaited) -> Form:
    asked = stage.asked
    service = context.services.get(asked.use_case)
    leads_to_form = not (asked.owner or asked.counter or asked.forwarded or asked.again)
    if service is None or service.announced.asks is None or not leads_to_form or not stage.terms.encryption_key:
        return NO_QUESTIONS
    return service.announced.asks
