"""maild turns a support mailbox into a helpdesk.

A message comes in on the left, a ticket changes in the middle, messages go out on the right:

        IMAP mailbox, folder of .eml                                             SMTP relay
               │ bytes                                                               ▲
   ┌───────────▼──────────┐                                               ┌──────────┴─────────┐
   │ ingest: accept       │  committed as it came, then acknowledged      │ outbox: deliver    │
   └───────────┬──────────┘                                               └──────────▲─────────┘
               │ stored message                                                      │ same commit
   ┌───────────▼──────────┐   ┌──────────────┐   ┌───────────────┐   ┌───────────────┴────┐
   │ parse, ingest: what  │──▶│ commands     │──▶│ desk: actions │──▶│ rules              │
   │ it says, whose it is │   │ what is asked│   │ and events    │   │ and templates      │
   └──────────────────────┘   └──────────────┘   └───────────────┘   └────────────────────┘

`app` puts the parts together; `daemon`, `cli` and `demo` start them, and nothing imports those.
docs/flow.md follows one mail all the way.
"""
