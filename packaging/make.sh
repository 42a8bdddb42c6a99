#!/bin/bash
# make.sh BINARY FOLDER: makes FOLDER/holdfast_VERSION_ARCHITECTURE.deb of the program, its manual page,
# its completions and a systemd unit.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$(realpath "$1")
folder=$2
version=$("$binary" version | cut -d' ' -f2)
architecture=$(dpkg --print-architecture)
root=$folder/root
rm -rf "$root"

install -D -m 755 "$binary" "$root/usr/bin/holdfast"
strip --strip-unneeded "$root/usr/bin/holdfast"
install -D -m 644 packaging/holdfast.service "$root/usr/lib/systemd/system/holdfast.service"
install -D -m 644 LICENSE "$root/usr/share/doc/holdfast/copyright"
install -D -m 644 README.md "$root/usr/share/doc/holdfast/README.md"

mkdir -p "$root"/usr/share/{man/man1,bash-completion/completions,zsh/vendor-completions} \
  "$root/usr/share/fish/vendor_completions.d"
"$binary" man | gzip -9n >"$root/usr/share/man/man1/holdfast.1.gz"
"$binary" completion bash >"$root/usr/share/bash-completion/completions/holdfast"
"$binary" completion zsh >"$root/usr/share/zsh/vendor-completions/_holdfast"
"$binary" completion fish >"$root/usr/share/fish/vendor_completions.d/holdfast.fish"

# dpkg-shlibdeps finds the packages of the libraries; it wants a source tree, of which it needs names
# only.
mkdir -p "$folder/debian"
printf 'Source: holdfast\n\nPackage: holdfast\nArchitecture: any\n' >"$folder/debian/control"
depends=$(cd "$folder" && dpkg-shlibdeps -O -e"root/usr/bin/holdfast" 2>/dev/null |
  sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || { echo "make.sh: dpkg-shlibdeps found no libraries" >&2; exit 1; }
rm -r "$folder/debian"

mkdir -p "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: holdfast
Version: $version
Architecture: $architecture
Maintainer: The Holdfast authors <holdfast@localhost>
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: $depends
Section: net
Priority: optional
Description: archive that dedupes, compresses, encrypts, and speaks S3
 Holdfast keeps what you put in once, compressed and encrypted, on machines of
 your own, and gives it back over S3 and its own command line. One program is
 node, gateway and command line.
CONTROL
install -m 755 packaging/postinst packaging/prerm packaging/postrm "$root/DEBIAN/"

package=$folder/holdfast_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$root" "$package" >/dev/null
rm -rf "$root"
echo "$package"
