#!/bin/sh
# A typed client from the API's schema, into build/client; the generator has an environment of its
# own, since it wants other versions than the product. Says so where it cannot be had.
set -eu
here=$(cd "$(dirname "$0")/../../.." && pwd)
python=${PYTHON:-python3}
tool=$here/build/client-tool
out=${1:-$here/build/client}
if ! cmp -s "$here/tests/functional/client/requirements.txt" "$tool/installed.txt"; then
    echo "Installing the client generator"
    test -x "$tool/bin/python" || "$python" -m venv "$tool"
    "$tool/bin/python" -m pip --disable-pip-version-check --quiet install \
        -r "$here/tests/functional/client/requirements.txt" || {
        echo "No client generator from the package index: its test is skipped."
        exit 0 # It fails where CI=true, by itself.
    }
    cp "$here/tests/functional/client/requirements.txt" "$tool/installed.txt"
fi
mkdir -p "$out"
(cd "$here" && "${LISTENING_PYTHON:-.venv/bin/python}" -m api.routes.v1 >"$out/openapi.json")
PATH="$tool/bin:$PATH" "$tool/bin/openapi-python-client" generate --overwrite --meta none --fail-on-warning \
    --config "$here/tests/functional/client/config.yaml" \
    --path "$out/openapi.json" --output-path "$out/listening_client"
