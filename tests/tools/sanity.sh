#!/usr/bin/env bash
# usage: sanity.sh TREE CACHE: ansible-test sanity over the exported tree, and proof that it tested something.
# ansible-test wants a directory that ends in ansible_collections/NAMESPACE/NAME: elsewhere it reports success untested.
set -euo pipefail
tree=$1 cache=$2
python=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# Its environments are kept in a home directory of their own. They start from a get-pip script that ansible-test
# would download; the interpreter's own ensurepip does the same without a download.
export HOME=$cache/sanity-home
unset PYTHONPYCACHEPREFIX && export PYTHONDONTWRITEBYTECODE=1  # its own interpreters cache where they like
mkdir -p "$HOME/.ansible/test/cache"
for version in 20_3_4 21_3_1 24_2 25_1_1; do
  printf 'import ensurepip\nensurepip.bootstrap()\n' > "$HOME/.ansible/test/cache/get_pip_$version.py"
done

log=$cache/sanity-$$.log
trap 'rm -f "$log"' EXIT
cd "$tree"
ansible-test sanity --color no --python "$python" "${@:3}" 2>&1 | tee "$log"

if compgen -G "tests/sanity/ignore*" >/dev/null; then
  echo "tests/sanity has an ignore file; there must be none" >&2
  exit 1
fi
if grep -q "All targets skipped" "$log"; then
  echo "ansible-test skipped every target: nothing was tested" >&2
  exit 1
fi
tests=$(grep -c '^Running sanity test' "$log" || true)
if [ "$tests" -lt 15 ]; then
  echo "ansible-test ran only $tests sanity tests; at least 15 were expected" >&2
  exit 1
fi
echo "sanity: $tests tests ran on Python $python"
