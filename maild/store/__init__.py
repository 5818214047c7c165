"""Where everything is kept; nothing outside knows SQL.

    records, console_records   the nouns, a class each, from which the tables are made (`schema`)
    asking/                    what can be asked, a module a noun (`question`, `prepared`)
    unit                       one unit of work: asks, changes plain values, writes at the end
    database                   the connections and transactions that units run in
    migrate, migrations/       how a database of an older version gets its shape

A new column: its field in `records`, a revision in `migrations/versions`; a test in
`tests/unit/test_store.py` says whether both lead to the same.  A new noun: its class with
`@record`, its revision, and a module in `asking/` with the questions that are asked of it.
"""

from maild.store.database import Store

__all__ = ["Store"]
