"""Files in, posts out: CSV, JSON lines, known export formats, bad rows kept aside.

`open_table(path)` understands a file, `Table.describe()` says how, and `Table.rows()` yields a
`RawPost` or a `BadRow` for each row, streaming.
"""

from listening.importing.fields import FIELDS
from listening.importing.opening import open_table
from listening.importing.presets import PRESETS
from listening.importing.rows import BadRow, Found, Progress
from listening.importing.table import Table

__all__ = ["FIELDS", "PRESETS", "BadRow", "Found", "Progress", "Table", "open_table"]
