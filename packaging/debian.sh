#!/bin/sh
# Builds a Debian package of this folder: packaging/debian.sh [FOLDER]
#
# maild with all that it needs in /opt/maild (an environment of Debian's own Python), the unit, and
# the user. The configuration is yours: `maild init /var/lib/maild`, or `maild restore` puts it back.
# Needed: dpkg-deb, Debian's python3 (3.11 or later), and uv (`make setup` brings one along).
set -eu
cd "$(dirname "$0")/.."
out=$(realpath "${1:-build}")
uv=$(command -v uv || echo .uv/bin/uv)
python=/usr/bin/python3
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
minor=$("$python" -c 'import sys; print("3.%d" % sys.version_info.minor)')
next=$("$python" -c 'import sys; print("3.%d" % (sys.version_info.minor + 1))')
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

"$uv" venv --quiet --relocatable --python "$python" "$root/opt/maild"
"$uv" pip install --quiet --python "$root/opt/maild/bin/python" --require-hashes -r requirements.lock
"$uv" pip install --quiet --python "$root/opt/maild/bin/python" --no-deps .
install -D -m 644 packaging/maild.service "$root/lib/systemd/system/maild.service"
mkdir -p "$root/usr/bin" "$root/DEBIAN"
ln -s ../../opt/maild/bin/maild "$root/usr/bin/maild"

cat > "$root/DEBIAN/control" <<END
Package: maild
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: maild <root@localhost>
Depends: python3 (>= $minor), python3 (<< $next), adduser, ca-certificates
Section: mail
Priority: optional
Description: the helpdesk that lives in the mailbox
 A daemon that turns a support mailbox into a helpdesk: mails become tickets,
 answers become notes, and everything can be done by mail.
END
cat > "$root/DEBIAN/postinst" <<'END'
#!/bin/sh
set -e
if ! getent passwd maild > /dev/null; then
    adduser --quiet --system --group --home /var/lib/maild --no-create-home maild
fi
install -d -m 700 -o maild -g maild /var/lib/maild
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ ! -e /var/lib/maild/maild.toml ]; then
    echo "Now: su -s /bin/sh maild -c 'maild init /var/lib/maild', edit maild.toml, then"
    echo "systemctl enable --now maild"
fi
END
cat > "$root/DEBIAN/prerm" <<'END'
#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl stop maild.service || true; fi
find /opt/maild -name __pycache__ -type d -prune -exec rm -rf {} +
END
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm" "$root"
mkdir -p "$out"
dpkg-deb --root-owner-group -Zgzip --build "$root" "$out/maild_${version}_$(dpkg --print-architecture).deb" > /dev/null
echo "$out/maild_${version}_$(dpkg --print-architecture).deb"
