#!/bin/sh
# Installs what the tests use besides Python, where this user may; says so where he may not.
# CI=true: nothing may be left out, so what cannot be installed is an error.
PATH="$PATH:/usr/sbin:/usr/local/sbin"

# One line a thing: how to see that it is there, and the Debian packages that bring it.
wanted() {
    need "a real IMAP server" "command -v dovecot && ls /usr/lib*/dovecot/lmtp" dovecot-imapd dovecot-lmtpd
    need "a real browser" "command -v chromium" chromium
    need "SQLite's own shell" "command -v sqlite3" sqlite3
}

packages=
missing=
need() {
    what=$1 seen=$2
    shift 2
    sh -c "$seen" >/dev/null 2>&1 && return
    packages="$packages $*"
    missing="$missing${missing:+, }$what"
}
left_out() {
    echo "Left out: the tests with $missing ($1). To have them: apt-get install$packages"
    [ "$CI" != true ]
    exit
}
install() {
    # shellcheck disable=SC2086  # words are meant
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends $packages >/dev/null 2>&1
}

wanted
[ -z "$packages" ] && exit 0
command -v apt-get >/dev/null || left_out "not installed, and there is no apt-get"
as_root=
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || left_out "not installed, and this user may not install"
    as_root="sudo -n"
fi
echo "Installing$packages for the tests"
install || { $as_root apt-get update -qq >/dev/null 2>&1; install; } || left_out "apt-get failed"
