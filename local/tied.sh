#!/bin/sh
# Ends process groups when whoever writes to our input is gone: "+ GROUP" ties one, "- GROUP" forgets it.
trap '' INT TERM HUP
groups=
while read -r what group; do
  others=
  for each in $groups; do [ "$each" = "$group" ] || others="$others $each"; done
  groups=$others
  [ "$what" != + ] || groups="$groups $group"
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
