#!/usr/bin/env bash
# usage: venv.sh PYTHON VENV REQUIREMENTS: create the virtual environment when it is missing, then install.
set -euo pipefail
python=$1 venv=$2 requirements=$3

install() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --prefer-binary -r "$requirements"; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Python 3.11 or newer is needed on the controller; '$python' is older. Name one: make PYTHON=/path/to/python3.11" >&2
  exit 1
}
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    # Debian ships venv without ensurepip until this package is there.
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
      echo "this Python can't create virtual environments: install python3-venv (as root: apt-get install python3-venv)" >&2
      exit 1
    fi
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
  fi
  rm -rf "$venv" && mkdir -p "$(dirname "$venv")"
  "$python" -m venv "$venv"
fi
echo "installing $requirements into $venv" >&2
install
