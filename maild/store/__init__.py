"""Where everything is kept: tables, transactions, migrations."""

from maild.store.database import Store

__all__ = ["Store"]
