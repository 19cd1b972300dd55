"""`python -m api.routes.v1`: the schema of the API, for whoever makes a client of it."""

from __future__ import annotations

import json
import sys

from api.routes.v1 import openapi
from api.web.app import create_app

json.dump(openapi(create_app()), sys.stdout, indent=1, sort_keys=True)
