"""Where everything is kept: tables, transactions, migrations."""

from maild.store.engine import Store

__all__ = ["Store"]
