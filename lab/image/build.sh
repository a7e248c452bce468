#!/usr/bin/env bash
# Builds the stand-in for Rancher's image as an OCI layout, from Debian packages, without a container engine.
#
#   build.sh FOLDER TAG PACKAGE=VERSION...
#
# FOLDER gets `layout` (with the one image TAG); it must be empty. The packages must hold etcd, caddy, busybox and the
# libraries that those need. The same arguments give the same image, byte for byte: that is what its digest stands on.
set -euo pipefail
umask 022

here=$(cd "$(dirname "$0")" && pwd)
folder=$1
tag=$2
shift 2

echo "downloading $*"
mkdir "$folder/debs"
(cd "$folder/debs" && apt-get -q -o APT::Sandbox::User=root download "$@" >/dev/null)
unpacked=$folder/unpacked
for deb in "$folder"/debs/*.deb; do
  dpkg-deb --extract "$deb" "$unpacked"
done

echo "composing the root folder"
root=$folder/root
mkdir -p "$root"/{bin,dev,etc/caddy,proc,root,run,sys,usr/bin,usr/share/doc,var/lib/rancher}
mkdir -m 1777 "$root/tmp"
cp "$unpacked/usr/bin/etcd" "$unpacked/usr/bin/caddy" "$root/usr/bin/"
install -m 755 "$here/entrypoint.sh" "$root/usr/bin/entrypoint.sh"
install -m 644 "$here/Caddyfile" "$root/etc/caddy/Caddyfile"
install -D -m 644 "$here/face.html" "$root/usr/share/face/face.html"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
busybox=$(find "$unpacked" -type f -name busybox -path '*/bin/*')
cp "$busybox" "$root/bin/busybox"
for applet in $("$busybox" --list); do
  [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done

# The programs' libraries and loader, as the packages' own loader finds them, at the paths that they have there.
loader=$(find "$unpacked" -type f -name 'ld-linux*.so.*')
libraries=$(find "$unpacked" -type f -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
for program in etcd caddy; do
  "$loader" --library-path "$libraries" --list "$unpacked/usr/bin/$program"
done >"$folder/needs"
if grep 'not found' "$folder/needs" >&2; then
  echo "a library is in none of the packages $*" >&2
  exit 1
fi
grep -v ld-linux "$folder/needs" | grep -o "$unpacked/[^ ]*" | sort -u | while read -r library; do
  install -D -m 644 "$(readlink -f "$library")" "$root${library#"$unpacked"}"
done
interpreter=$(grep -o '^[[:space:]]*/[^ ]*/ld-linux[^ ]*' "$folder/needs" | tr -d '[:blank:]' | sort -u)
install -D -m 755 "$loader" "$root$interpreter"

# The licences of what is in it.
for document in "$unpacked"/usr/share/doc/*/copyright; do
  install -D -m 644 "$document" "$root/${document#"$unpacked/"}"
done

echo "packing the image"
tar --create --file "$folder/layer.tar" --format gnu --sort name --mtime @0 --owner 0 --group 0 --numeric-owner \
  --directory "$root" .
image=$folder/layout:$tag
epoch=1970-01-01T00:00:00Z
umoci init --layout "$folder/layout"
umoci new --image "$image"
umoci raw add-layer --image "$image" --history.created "$epoch" --history.created_by "$*" "$folder/layer.tar"
umoci config --no-history --image "$image" --created "$epoch" \
  --config.entrypoint entrypoint.sh --config.workingdir /var/lib/rancher \
  --config.exposedports 80/tcp --config.exposedports 443/tcp \
  --config.env PATH=/usr/bin:/bin --config.env HOME=/root \
  --config.env XDG_DATA_HOME=/run --config.env XDG_CONFIG_HOME=/run \
  --config.label org.opencontainers.image.title=rancher-stand-in \
  --config.label "org.opencontainers.image.version=$tag" \
  --config.label 'org.opencontainers.image.description=Stands in for Rancher: etcd behind a web front'
umoci gc --layout "$folder/layout"
rm -rf "$folder/debs" "$unpacked" "$root" "$folder/needs" "$folder/layer.tar"
