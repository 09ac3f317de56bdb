"""Somebody moved, has another name, or left: changed in the register, after a look at what that does to their documents."""

from __future__ import annotations

from fastapi import Response

from capabilities.accounts.web import Visit
from issuer.editing import RegisterField, fields_of, read_edits
from issuer.preview import label_of
from issuer.register import Person
from issuer.renewal import LeafPath
from issuer.service.changes import Consequence, patched
from issuer.service.handles import MAX_HANDLE
from issuer.usage import REGISTER_SHOWN, By
from issuer.web.desk.door import Desk, text
from protocol.encoding import JsonObject
from protocol.errors import Malformed, NotFound
from runtime.languages import language_of
from runtime.pages import redirect


def add_register(desk: Desk) -> None:
    """The form, the look at what follows, and doing it."""
    driver, changes = desk.site.driver, desk.site.issuer.changes

    async def look(visit: Visit) -> tuple[Person, dict[str, object], tuple[RegisterField, ...]]:
        """A person with all that the register has; that somebody saw it stands in the audit trail (T243)."""
        if not changes.is_own:
            raise NotFound("no such page")
        person, record = await driver.run(changes.show(desk.subject(visit), visit.clerk.clerk))
        types = desk.site.issuer.context.types.values()
        return person, dict(record), fields_of(types, record, language_of(visit.request))

    async def form(visit: Visit, problem: str = "") -> Response:
        person, _, fields = await look(visit)
        return desk.show(
            visit, "register.html", status=400 if problem else 200, who=person, fields=fields, problem=problem,
            person=visit.request.path_params["person"],
            typed={field.name: visit.form.get(field.name, field.value) for field in fields},
        )  # fmt: skip

    @desk.page("/people/{person}/register")
    async def ask(visit: Visit) -> Response:
        return await form(visit)

    @desk.question("/people/{person}/register")
    async def check(visit: Visit) -> Response:
        _, _, fields = await look(visit)
        try:
            patch, edits = read_edits(fields, visit.form)
        except Malformed as error:
            return await form(visit, error.at)
        if not edits:
            return await form(visit, "nothing")
        handle = desk.handle(visit, "change", {"subject": desk.subject(visit), "patch": patch})
        if len(handle) > MAX_HANDLE:
            return await form(visit, "too much")
        return redirect(f"{desk.home}/changes/{handle}")

    @desk.page("/changes/{change}")
    async def confirm(visit: Visit) -> Response:
        subject, patch = _change(desk, visit)
        person, record = await driver.run(changes.person(subject))
        await driver.run(changes.uses.viewed((subject,), REGISTER_SHOWN))
        fields = fields_of(desk.site.issuer.context.types.values(), record, language_of(visit.request))
        _, edits = read_edits(fields, _typed(patch, fields))
        found = await driver.run(changes.consequences(subject, patched(record, patch)))
        return desk.show(
            visit, "register_confirm.html", who=person, edits=edits, consequences_=told(desk, visit, found),
            person=desk.person_handle(visit, subject), change=visit.request.path_params["change"],
        )  # fmt: skip

    @desk.deed("/changes/{change}")
    async def do(visit: Visit) -> Response:
        subject, patch = _change(desk, visit)
        await driver.run(changes.patch(subject, patch, visit.clerk.clerk, by=By.CLERK))
        return redirect(f"{desk.home}/people/{desk.person_handle(visit, subject)}")

    @desk.page("/people/{person}/gone")
    async def ask_gone(visit: Visit) -> Response:
        person, _, _ = await look(visit)
        found = await driver.run(changes.consequences(person.subject, None))
        return desk.show(
            visit, "register_gone.html", who=person, consequences_=told(desk, visit, found),
            person=visit.request.path_params["person"],
        )  # fmt: skip

    @desk.deed("/people/{person}/gone")
    async def gone(visit: Visit) -> Response:
        await driver.run(changes.remove(desk.subject(visit), visit.clerk.clerk, by=By.CLERK))
        return redirect(f"{desk.home}/documents/of/{visit.request.path_params['person']}")

    @desk.deed("/people/{person}/compare")
    async def compare(visit: Visit) -> Response:
        """A register that is elsewhere: look at the documents of a person now."""
        await driver.run(changes.settle(desk.subject(visit)))
        return redirect(f"{desk.home}/people/{visit.request.path_params['person']}")


def told(
    desk: Desk, visit: Visit, found: tuple[Consequence, ...]
) -> tuple[tuple[str, Consequence, tuple[str, ...]], ...]:
    """What becomes of documents, with their names and those of what changes in them; forms that stand alike once."""
    types, language = desk.site.issuer.context.types, language_of(visit.request)
    shown: dict[tuple[str, str, tuple[LeafPath, ...]], tuple[str, Consequence, tuple[str, ...]]] = {}
    for one in found:
        kind = types.get(one.configuration_id)
        forms = [other for other in types.values() if kind is not None and other.family == kind.family]
        labels = [label_of(forms[0], ".".join(path), language) for path in one.changed] if forms else []
        family = kind.family if kind is not None else one.configuration_id
        line = (desk.site.title(visit.request, one.configuration_id), one, tuple(dict.fromkeys(labels)))
        shown.setdefault((family, str(one.fate), one.changed), line)
    return tuple(shown.values())


def _change(desk: Desk, visit: Visit) -> tuple[str, JsonObject]:
    change = desk.opened(visit, "change")
    patch = change.get("patch")
    if not isinstance(patch, dict):
        raise NotFound("no such page, or no longer")
    return text(change, "subject"), patch


def _typed(patch: JsonObject, fields: tuple[RegisterField, ...]) -> dict[str, str]:
    """A patch as it was typed."""
    typed: dict[str, str] = {}
    for field in fields:
        place: object = patch
        for name in field.path[:-1]:
            place = place.get(name) if isinstance(place, dict) else None
        if isinstance(place, dict) and field.path[-1] in place:
            value = place[field.path[-1]]
            typed[field.name] = "" if value is None else str(value)
    return typed
