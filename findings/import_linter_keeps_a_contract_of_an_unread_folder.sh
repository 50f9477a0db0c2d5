#!/usr/bin/env bash
# A package with a subfolder that has no __init__.py.
#
# Tool: import-linter 2.17 with grimp, with Python 3.11.
# Guess: what Python imports as part of the package, import-linter reads; or it says what it leaves out.
# Seen: a subfolder without `__init__.py` can be imported, and its modules are not read: a contract that one of them
#   breaks is kept, with exit status 0 and no warning. Only the number of "Analyzed" files falls. A contract that names
#   the subfolder itself fails ("does not exist"); one that names its parent, or a wildcard, is kept. So a forgotten
#   empty file takes a whole folder out of the check.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check import-linter==2.17

mkdir -p "$folder"/shop/{web,store}
cd "$folder"
touch shop/__init__.py shop/web/__init__.py shop/store/__init__.py
echo "PORT = 80" >shop/web/ports.py
echo "import sqlite3" >shop/store/rows.py

contract() {  # source of the imports that are forbidden
	printf '%s\n' '[importlinter]' 'root_package = shop' 'include_external_packages = True' '' \
		'[importlinter:contract:rows]' 'name = no database' 'type = forbidden' "source_modules = $1" \
		'forbidden_modules = sqlite3' >.importlinter
	local status=0
	venv/bin/lint-imports --no-cache >log 2>&1 || status=$?
	echo "$1: ends with $status, $(grep --only-matching "Analyzed [0-9]* files" log || grep "does not exist" log)"
}

{
	for state in "with __init__.py" "without"; do
		echo "$state: imported from $(venv/bin/python -c 'import shop.store.rows as rows; print(rows.__name__)')"
		contract shop
		contract "shop.**"
		contract shop.store
		rm -f shop/store/__init__.py
	done
} | tee seen

diff seen - <<'SEEN'
with __init__.py: imported from shop.store.rows
shop: ends with 1, Analyzed 6 files
shop.**: ends with 1, Analyzed 6 files
shop.store: ends with 1, Analyzed 6 files
without: imported from shop.store.rows
shop: ends with 0, Analyzed 3 files
shop.**: ends with 0, Analyzed 3 files
shop.store: ends with 1, Module 'shop.store' does not exist.
SEEN
