#!/bin/sh
# Installs the mail server that the tests use, where this user may; says so where he may not.
PATH="$PATH:/usr/sbin:/usr/local/sbin"
packages="dovecot-imapd dovecot-lmtpd"

if command -v dovecot >/dev/null && [ -x /usr/lib/dovecot/lmtp -o -x /usr/libexec/dovecot/lmtp ]; then
    exit 0
fi
left_out() {
    echo "Left out: the tests with a real Dovecot ($1). To have them: apt-get install $packages"
    exit 0
}
command -v apt-get >/dev/null || left_out "it is not installed, and there is no apt-get"
as_root=
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || left_out "it is not installed, and this user may not install it"
    as_root="sudo -n"
fi
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends $packages >/dev/null 2>&1
}
echo "Installing $packages for the tests"
install || { $as_root apt-get update -qq >/dev/null 2>&1; install; } || left_out "apt-get failed"
