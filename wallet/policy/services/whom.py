"""For whom a plan is: known where it can be, asked once where it cannot, kept with the plan, and told to nobody.

A plan that begins before anything of a child is there is for "somebody new": for whoever turns up who was not known before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json_object
from protocol.errors import InvalidRequest
from protocol.fields import Fields
from protocol.sovereignty.holdings import Holdings
from protocol.sovereignty.needs import check_needs
from protocol.sovereignty.representation import Company, Person
from protocol.sovereignty.rules import About, Combination, Condition, CredentialType, Rule
from protocol.sovereignty.service import Service
from protocol.sovereignty.suggestions import Givers
from wallet.policy.people import ME, NEW, Aim, Named, People, WhomShown, person_id
from wallet.policy.services.holding import types_of
from wallet.records import HeldCredential

MAX_PEOPLE = 100  # that one plan remembers as not meant


@dataclass(frozen=True, slots=True)
class Meant:
    """For whom a plan is, as it is kept: decided, or for somebody who is none of those who were known."""

    decided: bool = False
    whom: Named | None = None  # decided, and None: the user
    new: bool = False  # not decided: for somebody who was not known yet, and who is none of these
    but: tuple[Named, ...] = ()

    @classmethod
    def read(cls, kept: str) -> Self:
        """Read what was kept; nothing: a plan from before this was asked.

        Raises:
            Malformed: it is none.
        """
        if not kept:
            return cls()
        fields = Fields(read_json_object(kept.encode("utf-8"), "whom"), "whom")
        if fields.boolean(NEW, default=False):
            return cls(
                new=True, but=tuple([_read(one) for one in fields.optional_objects("but", max_items=MAX_PEOPLE)])
            )
        return cls(decided=True, whom=None if fields.boolean(ME, default=False) else _read(fields.object("for")))

    def write(self) -> str:
        """The form in which it is kept."""
        if self == Meant():
            return ""
        members: JsonObject = {ME: True}
        if not self.decided:
            members = {NEW: True}
            if self.but:
                members["but"] = list[JsonValue]([one.to_dict() for one in self.but])
        elif self.whom is not None:
            members = {"for": self.whom.to_dict()}
        return encode_json(members).decode("utf-8")


@dataclass(frozen=True, slots=True)
class Aimed:
    """For whom a plan is, as far as that is known now."""

    aim: Aim | None = None  # None: nobody else is concerned, or it has to be asked
    name: str = ""  # of whom it is for; empty: for the user, for somebody new, or for nobody in particular
    chosen: str = ""  # id of the choice that it stands for; empty: none
    options: tuple[WhomShown, ...] = ()  # what can be chosen; empty: nobody else is concerned
    asks: bool = False  # nothing is begun before one of the options was chosen


def aimed(meant: Meant, concerned: tuple[Named, ...], people: People, *, me: bool, again: bool) -> Aimed:
    """For whom a plan is.

    `concerned`: whom documents are about that it could use; `me`: it could be for the user as well; `again`: it fetches
    something that is held of one of them already, as for another child.
    """
    if meant.decided:
        whom = meant.whom
        # Who was chosen stays a choice, even where nothing of them is held any more
        among = concerned if whom is None or _is_among(whom, concerned) else (*concerned, whom)
        chosen = ME if whom is None else person_id(whom)
        return Aimed(Aim(whom), "" if whom is None else people.named(whom), chosen, _options(among, people, me=me))
    fresh = tuple([one for one in concerned if not _is_among(one, meant.but)])
    options = _options(concerned, people, me=me)
    if len(fresh) == 1 and (meant.new or not (me or again)):
        return Aimed(Aim(fresh[0]), people.named(fresh[0]), person_id(fresh[0]), options)
    if fresh:
        return Aimed(options=options, asks=True)
    # All who are known are not meant, and whoever is has nothing here yet
    return Aimed(Aim(None), chosen=NEW, options=options) if meant.but else Aimed()


def chosen_whom(choice: str, options: Iterable[WhomShown], concerned: tuple[Named, ...]) -> Meant:
    """What somebody chose, as it is kept.

    Raises:
        InvalidRequest: it was none of the options.
    """
    if choice in [one.id for one in options]:
        if choice == ME:
            return Meant(decided=True)
        if choice == NEW:
            return Meant(new=True, but=concerned[:MAX_PEOPLE])
        for one in concerned:
            if person_id(one) == choice:
                return Meant(decided=True, whom=one)
    raise InvalidRequest("this is nobody for whom the plan can be")


def on_the_way(
    goals: Iterable[Service], services: Iterable[Service], held: Iterable[HeldCredential], people: People
) -> tuple[Service, ...]:
    """The services that may lie on the way: goals, and what gives a kind of document that the user has none of their own of."""
    own = {named for one in held if not people.spoken_of(one) for named in types_of(one)}
    givers = Givers(services)
    found = {one.id: one for one in goals}
    open_ = list(found.values())
    while open_:
        one = open_.pop()
        further = [other for other in givers.of(needed_types(one) - own, but=one.id) if other.id not in found]
        found.update({other.id: other for other in further})
        open_.extend(further)
    return tuple(found.values())


def people_concerned(services: Iterable[Service], held: Iterable[HeldCredential], people: People) -> tuple[Named, ...]:
    """Whom the documents are about that services could use, each once."""
    wanted = {named for service in services for named in needed_types(service)}
    found = [whom for one in held if not wanted.isdisjoint(types_of(one)) for whom in people.spoken_of(one)]
    return tuple([whom for whom in people.known if whom in found])


def types_about_others(
    services: Iterable[Service], held: Iterable[HeldCredential], people: People
) -> frozenset[CredentialType]:
    """The kinds of documents that are about somebody else: by what is held, and by what rules say."""
    by_rule = {named for one in services for named in _represented_types(one.eligible)}
    return frozenset(by_rule.union(*[types_of(one) for one in held if people.spoken_of(one)]))


def concerns_others(service: Service, types: Collection[CredentialType]) -> bool:
    """Whether a service is about somebody else: what it needs or gives is."""
    wanted = {*needed_types(service), *[given.type for given in service.gives]}
    return not wanted.isdisjoint(types)


def gives_again(goals: Iterable[Service], held: Iterable[HeldCredential], people: People) -> bool:
    """Whether a goal gives what is held of somebody else already."""
    given = {one.type for goal in goals for one in goal.gives}
    return any(not given.isdisjoint(types_of(one)) for one in held if people.spoken_of(one))


def can_be_own(goals: Iterable[Service], everything: Holdings, own: Holdings) -> bool:
    """Whether goals lack nothing more where documents about others are left aside: then they may be for the user."""
    return all(check_needs(one.needs, own).lacking == check_needs(one.needs, everything).lacking for one in goals)


def needed_types(service: Service) -> frozenset[CredentialType]:
    """The kinds of documents that a service asks for."""
    asked = () if service.needs is None else service.needs.credentials
    return frozenset([CredentialType(one.format, name) for one in asked for name in one.meta.types])


def _options(concerned: Iterable[Named], people: People, *, me: bool) -> tuple[WhomShown, ...]:
    own = [WhomShown(ME, "")] if me else []
    found = [WhomShown(person_id(one), people.named(one)) for one in concerned]
    return (*own, *found, WhomShown(NEW, "")) if found else ()


def _represented_types(rule: Rule | None) -> Iterator[CredentialType]:
    match rule:
        case Condition() if rule.claim.about is About.REPRESENTED:
            yield from [source.type for source in rule.claim.any]
        case Combination():
            for below in rule.rules:
                yield from _represented_types(below)
        case _:
            pass


def _is_among(whom: Named, others: Iterable[Named]) -> bool:
    return person_id(whom) in map(person_id, others)


def _read(fields: Fields) -> Named:
    return Person.from_fields(fields) if "birthdate" in fields else Company.from_fields(fields)
