"""How Alembic reaches the store; run through `listening migrate`, never on its own."""

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import listening.store.tables  # noqa: F401  (fills the metadata)
from listening.store.tables.types import EnumText, UTCDateTime


def plain_types(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write the types of the columns, not the names of our classes, into a migration."""
    if kind == "type":
        if isinstance(item, UTCDateTime):
            return "sa.DateTime(timezone=True)"
        if isinstance(item, EnumText):
            return "sa.String(length=32)"
        if isinstance(item, AutoString):
            return "sa.String()"
    return False


def of_the_code(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether the tables say it all: full text indexes stand in a migration alone."""
    return kind not in {"table", "index"} or not (name or "").startswith("fts_")


engine = context.config.attributes["engine"]
with engine.connect() as connection:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # SQLite changes a column by rebuilding its table, and dropping the old one would
        # delete what refers to it. Only outside a transaction can that be switched off, and
        # a detached connection is not used again.
        connection.detach()
        connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=sqlite,
        compare_type=True,
        render_item=plain_types,
        include_name=of_the_code,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
