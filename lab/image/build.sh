#!/usr/bin/env bash
# Builds an image as an OCI layout, from Debian packages, without a container engine.
#
#   build.sh RECIPE FOLDER TAG PACKAGE=VERSION...
#
# RECIPE is a folder beside this file. Its recipe.bash says what of the packages is in the image:
#   programs   paths of programs, whose libraries come with them
#   compose    a function that puts further files into the folder $root; $unpacked has the packages, $recipe the recipe
#   config     umoci's options for what Docker is told of the image
# FOLDER gets `layout` (with the one image TAG); it must be empty. The packages must hold busybox, and the libraries that the
# programs need. The same arguments give the same image, byte for byte: that is what its digest stands on.
set -euo pipefail
umask 022

recipe=$(cd "$(dirname "$0")" && pwd)/$1
folder=$2
tag=$3
shift 3

programs=() config=()
# shellcheck source=/dev/null
source "$recipe/recipe.bash"

echo "downloading $*"
mkdir "$folder/debs"
(cd "$folder/debs" && apt-get -q -o APT::Sandbox::User=root download "$@" >/dev/null)
unpacked=$folder/unpacked
for deb in "$folder"/debs/*.deb; do
  dpkg-deb --extract "$deb" "$unpacked"
done

echo "composing the root folder"
root=$folder/root
mkdir -p "$root"/{bin,dev,etc,proc,root,run,sys,usr/bin,usr/share/doc,var/lib}
mkdir -m 1777 "$root/tmp"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
for program in "${programs[@]}"; do
  install -D -m 755 "$unpacked$program" "$root$program"
done
install -m 755 "$recipe/entrypoint.sh" "$root/usr/bin/entrypoint.sh"
compose
busybox=$(find "$unpacked" -type f -name busybox -path '*/bin/*')
cp "$busybox" "$root/bin/busybox"
for applet in $("$busybox" --list); do
  [ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
done

# The programs' libraries and loader, as the packages' own loader finds them, at the paths that they have there.
loader=$(find "$unpacked" -type f -name 'ld-linux*.so.*')
libraries=$(find "$unpacked" -type f -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
for program in "${programs[@]}"; do
  "$loader" --library-path "$libraries" --list "$unpacked$program"
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
  --config.entrypoint entrypoint.sh --config.env PATH=/usr/bin:/bin --config.env HOME=/root \
  --config.label "org.opencontainers.image.version=$tag" "${config[@]}"
umoci gc --layout "$folder/layout"
rm -rf "$folder/debs" "$unpacked" "$root" "$folder/needs" "$folder/layer.tar"
