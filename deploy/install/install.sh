#!/bin/sh
# Installs RiverChief on this machine from the folder that it lies in (deploy/install/wheelhouse.sh made it). No line is
# needed. Run it again with a newer folder to upgrade; settings and readings are never touched.
#   sh install.sh                 install, or upgrade what is there
#   sh install.sh --rollback      back to the version that ran before
#   sh install.sh --uninstall     remove program and units; /etc/riverchief and /var/lib/riverchief* stay
#   ... --root DIR                install below DIR and start nothing: for images, and for trying it out
set -eu
umask 0022
here=$(cd "$(dirname "$0")" && pwd)

say() { echo "install: $*"; }
fail() { echo "install: $*" >&2; exit 1; }

action=install root=
while [ $# -gt 0 ]; do
    case $1 in
    --rollback | --uninstall) action=${1#--} ;;
    --root) root=$(mkdir -p "$2" && cd "$2" && pwd); shift ;;
    *) sed -n '4,7s/^# *//p' "$0" >&2; exit 2 ;;
    esac
    shift
done
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "run it as root (sudo sh install.sh)"

opt=$root/opt etc=$root/etc units=$root/etc/systemd/system
# Services of ours that run now: they are started again on what is installed, and no other.
live=
if [ -z "$root" ] && [ -d /run/systemd/system ]; then
    live=yes
    running=$(systemctl list-units --plain --no-legend --state=active,activating 'riverchief-*.service' 'riverchief-*.timer' | cut -d' ' -f1)
fi
reload() { [ -z "$live" ] || systemctl daemon-reload; }
restart() {
    [ -n "$live" ] || return 0
    failed=
    for unit in $running; do
        say "restarting $unit"
        systemctl restart "$unit" || failed="$failed $unit"
    done
    [ -z "$failed" ] || fail "these do not start:$failed (journalctl -u NAME says why); the way back: sh install.sh --rollback"
}
# Units, rules and settings of a version; settings that are there stay as they are.
new_file() { [ -e "$2" ] || { install -m 0644 "$1" "$2" && say "$2: look through it"; }; }
place() {
    from=$1/systemd
    install -d "$units" "$etc/udev/rules.d" "$etc/systemd/journald.conf.d" "$etc/sysusers.d" "$etc/riverchief/tls"
    case $(cat "$1/ROLE") in
    gateway)
        install -m 0644 "$from/riverchief-gateway@.service" "$units/"
        install -m 0644 "$from/journald-riverchief.conf" "$etc/systemd/journald.conf.d/riverchief.conf"
        ;;
    hub)
        install -m 0644 "$from"/riverchief-*.service "$from"/riverchief-*.timer "$units/"
        install -m 0644 "$from/riverchief.sysusers.conf" "$etc/sysusers.d/riverchief.conf"
        new_file "$from/riverchief.env" "$etc/riverchief/riverchief.env"
        install -d "$etc/riverchief/nginx"
        install -m 0644 "$1"/nginx/* "$etc/riverchief/nginx/"
        if [ -z "$root" ]; then systemd-sysusers; fi
        ;;
    esac
    install -m 0644 "$from/70-riverchief-serial.rules" "$etc/udev/rules.d/"
    new_file "$from/gateway.env" "$etc/riverchief/gateway.env"
    reload
}
# /opt/riverchief is a link, so that another version takes over, or the old one again, in one step.
point() {
    ln -s "$1" "$opt/.riverchief.new"
    mv -T "$opt/.riverchief.new" "$opt/riverchief"
}

case $action in
rollback)
    before=$(readlink "$opt/riverchief.before") || fail "there is no version before this one"
    [ -x "$opt/$before/bin/riverchief" ] || fail "$opt/$before is gone"
    now=$(readlink "$opt/riverchief")
    point "$before"
    ln -sfn "$now" "$opt/riverchief.before"
    # A version that was made by hand has no units of its own.
    if [ -e "$opt/$before/share/ROLE" ]; then place "$opt/$before/share"; fi
    restart
    say "back on $before; books that a newer version has opened may be too new for it: docs, Upgrade"
    exit 0
    ;;
uninstall)
    if [ -n "$live" ]; then
        for unit in $running; do systemctl disable --now "$unit"; done
    fi
    rm -f "$units"/riverchief-*.service "$units"/riverchief-*.timer "$etc/sysusers.d/riverchief.conf" \
        "$etc/udev/rules.d/70-riverchief-serial.rules" "$etc/systemd/journald.conf.d/riverchief.conf"
    rm -rf "$opt/riverchief" "$opt/riverchief.before" "$opt"/riverchief-[0-9]*
    reload
    say "program and units are gone; $root/etc/riverchief and $root/var/lib/riverchief* are still there"
    exit 0
    ;;
esac

role=$(cat "$here/ROLE") version=$(cat "$here/VERSION") wanted=$(cat "$here/PYTHON")
(cd "$here" && sha256sum --quiet -c SHA256SUMS) || fail "the folder is not as it was packed: copy it again"
python=$(command -v "python$wanted" || command -v python3) || fail "Python $wanted is missing (apt-get install python3-venv)"
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
[ "$found" = "$wanted" ] || fail "the wheels are for Python $wanted, $python is $found: make them with --python $found"
"$python" -c 'import venv, ensurepip' 2>/dev/null || fail "$python has no venv: put Debian's python3-venv on the stick as well"

say "riverchief $version, $role"
target=riverchief-$version
mkdir -p "$opt"
if [ -e "$opt/riverchief" ] && [ ! -L "$opt/riverchief" ]; then
    # Made by hand or from a bundle: kept under another name, to go back to.
    mv "$opt/riverchief" "$opt/riverchief-0-by-hand"
    ln -s riverchief-0-by-hand "$opt/riverchief"
fi
current=$(readlink "$opt/riverchief" 2>/dev/null || true)
if [ "$role" = gateway ] && [ "$(cat "$opt/riverchief/share/ROLE" 2>/dev/null)" = hub ]; then
    fail "this machine has the hub's archive, which has the gateway in it: upgrade with that one"
fi
if [ "$current" = "$target" ]; then target=$target.$(date -u +%Y%m%d%H%M%S); fi
rm -rf "${opt:?}/$target"
"$python" -m venv "$opt/$target"
"$opt/$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-index --no-deps \
    --find-links "$here/wheels" --require-hashes -r "$here/requirements.txt"
"$opt/$target/bin/python" -m pip check --disable-pip-version-check >/dev/null || fail "packages do not go together"
"$opt/$target/bin/riverchief" --version >/dev/null || fail "the program does not start; nothing was changed"
# With the version goes what it is installed with, for the way back, and what `riverchief doctor --lock` compares.
mkdir -p "$opt/$target/share"
cp -R "$here/systemd" "$here/nginx" "$here/ROLE" "$here/requirements.txt" "$here/sbom.cdx.json" "$here/licences.md" \
    "$here/LICENSE" "$here/install.md" "$opt/$target/share/"

# What this version would change in readings and books is asked before it runs; what it cannot read stops it here.
setting() { sed -n "s/^$1=//p" "$etc/riverchief/riverchief.env" "$etc/riverchief/secrets.env" 2>/dev/null | tail -n 1; }
if [ "$role" = hub ] && [ -n "$live" ] && [ -n "$current" ] && [ -e "$etc/riverchief/riverchief.env" ]; then
    RIVERCHIEF_INFLUX_TOKEN=$(setting RIVERCHIEF_INFLUX_TOKEN) PGPASSWORD=$(setting PGPASSWORD)
    export RIVERCHIEF_INFLUX_TOKEN PGPASSWORD
    code=0
    runuser -u riverchief -- "$opt/$target/bin/riverchief" upgrade-check --site "$(setting RIVERCHIEF_SITE)" \
        --store "$(setting RIVERCHIEF_STORE)" --books "$(setting RIVERCHIEF_BOOKS)" || code=$?
    case $code in
    0) ;;
    1)
        say "a backup first: an older version cannot read what this one writes"
        systemctl start riverchief-backup || fail "no backup could be made; nothing was changed (journalctl -u riverchief-backup)"
        ;;
    *) fail "this version cannot work with what is here; nothing was changed" ;;
    esac
fi

place "$opt/$target/share"
if [ -n "$current" ]; then ln -sfn "$current" "$opt/riverchief.before"; fi
point "$target"
restart
say "done: $root/opt/riverchief is $target${current:+, before it $current}"
[ -n "$current" ] || say "next: the site, the certificates and the services, docs/install.md (here: install.md)"
