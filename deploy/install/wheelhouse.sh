#!/bin/bash
# Packs one archive by which a machine without a line becomes a gateway or a hub: the program and all that it needs as
# wheels with their hashes, units, installer, notes. On a machine that has a line:
#   deploy/install/wheelhouse.sh gateway|hub OUT [--python 3.11] [--platform x86_64|aarch64]
# Needs the project's .venv (make install). Python and platform are those of the machine that will be installed; Debian 12
# has 3.11, Debian 13 has 3.13, Ubuntu 24.04 has 3.12. `riverchief bundle --wheels OUT/.../wheels` takes the wheels as well.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() { sed -n '4s/^# *//p' "$0" >&2; exit 2; }
role=${1:-} out=${2:-}
case $role in
gateway) extras=(gateway) ;;
hub) extras=(gateway hub board postgres) ;;
*) usage ;;
esac
[ -n "$out" ] || usage
shift 2
python=3.11 platform=$(uname -m)
while [ $# -gt 1 ]; do
    case $1 in
    --python) python=$2 ;;
    --platform) platform=$2 ;;
    *) usage ;;
    esac
    shift 2
done
[ $# -eq 0 ] || usage

bin=.venv/bin
[ -x "$bin/uv" ] || { echo "$bin/uv is missing: make install" >&2; exit 1; }
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
name=riverchief-$version-$role-py${python//./}-$platform
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$out/$name
[ ! -e "$work" ] || { echo "$work exists: choose another folder" >&2; exit 1; }
mkdir -p "$work/wheels"

# What the lock names, each file with the hashes that it had when the lock was written.
words=(export --quiet --frozen --no-default-groups --no-emit-project --no-header --no-annotate)
for extra in "${extras[@]}"; do words+=(--extra "$extra"); done
"$bin/uv" "${words[@]}" --format requirements.txt -o "$work/requirements.txt" >/dev/null
# A box at the river has no compiler: wheels only. The platforms are those that glibc 2.28 and later run.
"$bin/python" -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary=:all: --no-deps \
    --python-version "$python" --implementation cp --abi "cp${python//./}" --abi abi3 --abi none \
    --platform "manylinux_2_28_$platform" --platform "manylinux_2_27_$platform" --platform "manylinux_2_26_$platform" \
    --platform "manylinux_2_24_$platform" --platform "manylinux_2_17_$platform" --platform "manylinux2014_$platform" \
    --platform "manylinux_2_12_$platform" --platform "manylinux2010_$platform" --platform "manylinux_2_5_$platform" \
    --platform "manylinux1_$platform" --platform any \
    -d "$work/wheels" -r "$work/requirements.txt"

# The program itself; the date of the last commit makes the same source give the same bytes.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)
export SOURCE_DATE_EPOCH
log=$("$bin/python" -m hatchling build -t wheel -d "$work/wheels" 2>&1) || { echo "$log" >&2; exit 1; }
wheel=riverchief-$version-py3-none-any.whl
echo "riverchief==$version --hash=sha256:$(sha256sum "$work/wheels/$wheel" | cut -d' ' -f1)" >>"$work/requirements.txt"

"$bin/uv" "${words[@]}" --format cyclonedx1.5 -o "$work/sbom.cdx.json" >/dev/null 2>&1
"$bin/python" -m deploy.licences "$work/requirements.txt" >"$work/licences.md"
cp -R deploy/systemd deploy/nginx "$work/"
cp deploy/install/install.sh docs/install.md LICENSE "$work/"
printf '%s\n' "$role" >"$work/ROLE"
printf '%s\n' "$version" >"$work/VERSION"
printf '%s\n' "$python" >"$work/PYTHON"
sums=$(cd "$work" && find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum)
printf '%s\n' "$sums" >"$work/SHA256SUMS"

tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C "$out" -cf - "$name" |
    gzip -n >"$out/$name.tar.gz"
echo "$out/$name.tar.gz: $(find "$work/wheels" -name '*.whl' | wc -l) wheels, $(du -h "$out/$name.tar.gz" | cut -f1)"
echo "sha256 $(sha256sum "$out/$name.tar.gz" | cut -d' ' -f1)"
