"""How Alembic reaches the store; run through `listening migrate`, never on its own."""

from typing import Any

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import listening.store.tables  # noqa: F401  (fills the metadata)
from listening.store.tables.types import EnumText, UTCDateTime


def plain_types(kind: str, item: Any, _context: Any) -> str | bool:
    """Write the types of the columns, not the names of our classes, into a migration."""
    if kind == "type":
        if isinstance(item, UTCDateTime):
            return "sa.DateTime(timezone=True)"
        if isinstance(item, EnumText):
            return "sa.String(length=32)"
        if isinstance(item, AutoString):
            return "sa.String()"
    return False


engine = context.config.attributes["engine"]
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        # SQLite changes a column by rebuilding its table.
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=plain_types,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
