"""The whole of maild.toml, and what its sections have to agree on."""

import difflib
from collections.abc import Iterator
from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from maild.config.addresses import AliasSection, DeskSection, MailboxSection
from maild.config.logins import SmtpSection
from maild.config.operation import (
    CommandsSection,
    DatabaseSection,
    KeepSection,
    LogSection,
    MonitorSection,
    NotificationsSection,
    StoreSection,
    WebSection,
)
from maild.config.persons import (
    ContactSection,
    HookSection,
    OrganizationSection,
    PartnerSection,
    PersonSection,
    ResourceSection,
    SenderSection,
)
from maild.config.protection import (
    AttachmentsSection,
    FloodsSection,
    LimitsSection,
    SpamSection,
    TrustSection,
)
from maild.config.sections import Alone, usual
from maild.model import Address


class Config(BaseModel):
    """The whole of maild.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    profile: str = "next7"  # next7 | ggit | atera, or a folder of your own
    desk: Alone[DeskSection] = usual(DeskSection)
    database: Alone[DatabaseSection] = usual(DatabaseSection)
    store: Alone[StoreSection] = usual(StoreSection)
    mailbox: list[Alone[MailboxSection]] = []
    alias: list[Alone[AliasSection]] = []
    smtp: Alone[SmtpSection] = usual(SmtpSection)
    notifications: Alone[NotificationsSection] = usual(NotificationsSection)
    attachments: Alone[AttachmentsSection] = usual(AttachmentsSection)
    trust: Alone[TrustSection] = usual(TrustSection)
    limits: Alone[LimitsSection] = usual(LimitsSection)
    commands: Alone[CommandsSection] = usual(CommandsSection)
    floods: Alone[FloodsSection] = usual(FloodsSection)
    spam: Alone[SpamSection] = usual(SpamSection)
    monitor: Alone[MonitorSection] = usual(MonitorSection)
    keep: Alone[KeepSection] = usual(KeepSection)
    log: Alone[LogSection] = usual(LogSection)
    resource: list[Alone[ResourceSection]] = []
    organization: list[Alone[OrganizationSection]] = []
    contact: list[Alone[ContactSection]] = []
    sender: list[Alone[SenderSection]] = []
    hook: list[Alone[HookSection]] = []
    partner: list[Alone[PartnerSection]] = []
    web: Alone[WebSection] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [*self._twins(), *self._own_partners(), *self._unknown_organizations()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _twins(self) -> Iterator[str]:
        """Names and addresses that stand for two things."""
        for kind, names in (
            ("mailbox", [mailbox.name for mailbox in self.mailbox]),
            ("organization", [organization.name for organization in self.organization]),
            ("hook", [hook.name for hook in self.hook]),
            ("partner", [partner.name for partner in self.partner]),
        ):
            for name in _repeated(names):
                yield f'two [[{kind}]] are named "{name}"; each needs a name of its own'
        domains = [(d, o.name) for o in self.organization for d in o.domain_keys()]
        for domain in _repeated([domain for domain, _ in domains]):
            whose = " and ".join(f'"{name}"' for theirs, name in domains if theirs == domain)
            yield f"{domain} is a domain of the [[organization]] {whose}; it can be only one's"
        people: list[tuple[str, PersonSection | PartnerSection]] = [
            ("resource", one) for one in self.resource
        ]
        people += [("contact", one) for one in self.contact]
        people += [("partner", one) for one in self.partner]
        said = [
            (address, f'[[{kind}]] "{one.name}"')
            for kind, one in people
            for address in one.all_addresses()
        ]
        for address in _repeated([address for address, _ in said]):
            whose = " and ".join(who for theirs, who in said if theirs == address)
            yield f"{address} is the address of {whose}; it can be only one's"

    def _own_partners(self) -> Iterator[str]:
        """Partners at an address of ours, which would be told what we write to ourselves."""
        ours = {Address("", one).key for one in (self.desk.address, *self.desk.aliases)}
        ours |= {Address("", str(front.address)).key for front in self.fronts}
        for partner in self.partner:
            if not ours.isdisjoint(partner.all_addresses()):
                yield (
                    f'[[partner]] "{partner.name}", address: {partner.address} is this desk\'s '
                    "own; write the address of the other desk"
                )

    @cached_property
    def addresses(self) -> frozenset[str]:
        """The desk's own addresses, as they are compared; one that a person has is his."""
        written = [self.desk.address, *self.desk.aliases]
        written += [str(front.address) for front in self.fronts]
        written += [b.username for b in self.mailbox if b.username and "@" in b.username]
        return frozenset(Address("", one).key for one in written) - self.of_people

    @property
    def fronts(self) -> list[MailboxSection | AliasSection]:
        """The addresses that tickets are answered from, besides the desk's."""
        return [*(box for box in self.mailbox if box.address), *self.alias]

    @cached_property
    def of_people(self) -> frozenset[str]:
        """The addresses of all resources and contacts of the file, as they are compared."""
        people: tuple[PersonSection | PartnerSection, ...] = (
            *self.resource,
            *self.contact,
            *self.partner,
        )
        return frozenset(key for person in people for key in person.all_addresses())

    def _unknown_organizations(self) -> Iterator[str]:
        known = {o.name for o in self.organization}
        people: list[tuple[str, ContactSection | ResourceSection | PartnerSection]] = []
        people += [("contact", one) for one in self.contact]
        people += [("resource", one) for one in self.resource]
        people += [("partner", one) for one in self.partner]
        for kind, person in people:
            if person.organization and person.organization not in known:
                close = difflib.get_close_matches(person.organization, known, 1)
                hint = f'; did you mean "{close[0]}"?' if close else ""
                yield (
                    f'[[{kind}]] "{person.name}" names the organization '
                    f'"{person.organization}", of which there is no [[organization]]{hint}'
                )


def _repeated(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
