"""A once-only service to test with: three documents, one of them in place of another, and fields of every kind."""

from tests.support.verifier import PID, make_verifier
from verifier.once_only.description import ServiceDescription

BIRTH = "urn:lindenau:birth:1"
SERVICE = f"""
name = {{ de = "Kindergeld", en = "Child benefit" }}
summary = {{ de = "Geld für jedes Kind.", en = "Money for each child." }}
life_events = ["birth"]
purpose = {{ de = "Wir prüfen den Antrag.", en = "We check the application." }}
legal_basis = "GDPR Art. 6 (1) e"
privacy_policy = "https://library.example/privacy"
retention_days = 30

[provider]
identifier = "NTRDE-HRB 4711"
country = "DE"
name = "Familienkasse Lindenau"

[[needs]]
id = "pid"
name = {{ de = "Ausweis", en = "Identity card" }}
vct = "{PID}"
one_of = "identity"
correct_at = "https://residents.example/correct"

[[needs]]
id = "passport"
name = {{ de = "Reisepass", en = "Passport" }}
vct = "urn:lindenau:passport:1"
one_of = "identity"

[[needs]]
id = "birth"
name = {{ de = "Geburtsurkunde", en = "Birth certificate" }}
vct = "{BIRTH}"
optional = true

[[fields]]
name = "family_name"
title = {{ de = "Familienname", en = "Family name" }}
type = "string"
from = [{{ document = "pid", path = ["family_name"] }}, {{ document = "passport", path = ["family_name"] }}]

[[fields]]
name = "child_name"
title = {{ de = "Name des Kindes", en = "Name of the child" }}
type = "string"
maxLength = 100
from = [{{ document = "birth", path = ["given_name"], optional = true }}]

[[fields]]
name = "iban"
title = {{ de = "IBAN", en = "IBAN" }}
description = {{ de = "Wohin wir zahlen.", en = "Where we pay to." }}
type = "string"
minLength = 15
maxLength = 34

[[fields]]
name = "children"
title = {{ de = "Wie viele Kinder haben Sie?", en = "How many children do you have?" }}
type = "integer"
minimum = 1
maximum = 20
optional = true

[[fields]]
name = "speaks"
title = {{ de = "Sprache", en = "Language" }}
type = "string"
oneOf = [
  {{ const = "de", title = {{ de = "Deutsch", en = "German" }} }},
  {{ const = "en", title = {{ de = "Englisch", en = "English" }} }},
]
optional = true

[outcome]
webhook = "https://system.example/hook"
answer_days = 14
"""
OTHER = """
name = { de = "Elterngeld", en = "Parental allowance" }
summary = { de = "Geld für Eltern.", en = "Money for parents." }
purpose = { de = "Wir prüfen den Antrag.", en = "We check the application." }
legal_basis = "GDPR Art. 6 (1) e"
privacy_policy = "https://library.example/privacy"
retention_days = 30

[provider]
identifier = "NTRDE-HRB 4711"
country = "DE"
name = "Familienkasse Lindenau"

[[fields]]
name = "account"
title = { de = "IBAN", en = "IBAN" }
type = "string"
from = [{ service = "child-benefit", field = "iban" }]
"""
FORWARD = f"""
name = {{ de = "Neuer Name", en = "New name" }}
summary = {{ de = "Wir schreiben Ihren Namen um.", en = "We change your name." }}
purpose = {{ de = "Wir führen Ihre Karte weiter.", en = "We keep your card up to date." }}
legal_basis = "GDPR Art. 6 (1) a"
privacy_policy = "https://library.example/privacy"
retention_days = 30
forward = true

[provider]
identifier = "NTRDE-HRB 4711"
country = "DE"
name = "Familienkasse Lindenau"

[[needs]]
id = "pid"
name = {{ de = "Ausweis", en = "Identity card" }}
vct = "{PID}"

[[fields]]
name = "family_name"
title = {{ de = "Familienname", en = "Family name" }}
type = "string"
from = [{{ document = "pid", path = ["family_name"] }}]

[[fields]]
name = "remark"
title = {{ de = "Bemerkung", en = "Remark" }}
type = "string"
optional = true

[outcome]
webhook = "https://system.example/hook"
answer_days = 14
"""
IBAN = "DE02120300000000202051"


def described(text=SERVICE, id_="child-benefit"):
    """The service, read from its file."""
    return ServiceDescription.from_toml(id_, text, f"{id_}.toml")


def service_verifier(database_url, anchors, texts=None, **how):
    """A verifier that has these services beside its use case."""
    texts = texts or {"child-benefit": SERVICE, "allowance": OTHER}
    return make_verifier(
        database_url, anchors, services={id_: described(text, id_) for id_, text in texts.items()}, **how
    )
