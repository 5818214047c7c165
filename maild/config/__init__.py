"""maild.toml: every key with its meaning, default and limits; all errors at once.

The models in this package are the one source of defaults and validation; a test holds the file that
`maild init` writes (cli/maild.toml) to them.

    sections     what sections have in common
    addresses    the desk, its mailboxes and aliases
    logins       servers that we log in to, and their secrets
    persons      people, organizations, machines, partners
    protection   what is believed, taken, kept out, and where it ends
    operation    where things are kept, who looks at the desk, what it tells
    whole        all of them, and what they have to agree on
    loading      reads the file; `Settings` is what came of it
"""

from maild.config.addresses import AliasSection, DeskSection, Front, MailboxSection, time_back
from maild.config.loading import Settings, config_file, load
from maild.config.logins import SECRET_FILES, Login, OauthSection, Port, SmtpSection, Tls
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
    LEAST_SECRET,
    Answer,
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
    Cap,
    FloodsSection,
    LimitsSection,
    SpamSection,
    TrustSection,
)
from maild.config.sections import LOOPBACK, MailAddress, Section
from maild.config.whole import Config

__all__ = [
    "LEAST_SECRET",
    "LOOPBACK",
    "SECRET_FILES",
    "AliasSection",
    "Answer",
    "AttachmentsSection",
    "Cap",
    "CommandsSection",
    "Config",
    "ContactSection",
    "DatabaseSection",
    "DeskSection",
    "FloodsSection",
    "Front",
    "HookSection",
    "KeepSection",
    "LimitsSection",
    "LogSection",
    "Login",
    "MailAddress",
    "MailboxSection",
    "MonitorSection",
    "NotificationsSection",
    "OauthSection",
    "OrganizationSection",
    "PartnerSection",
    "PersonSection",
    "Port",
    "ResourceSection",
    "Section",
    "SenderSection",
    "Settings",
    "SmtpSection",
    "SpamSection",
    "StoreSection",
    "Tls",
    "TrustSection",
    "WebSection",
    "config_file",
    "load",
    "time_back",
]
