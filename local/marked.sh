#!/bin/sh
# Waits for the end of its input, and then ends all processes in whose environment a line begins with the argument.
trap '' INT TERM HUP
cat >/dev/null
for signal in TERM KILL KILL; do
  grep -lzs "^$1" /proc/[0-9]*/environ | while read -r file; do
    file=${file%/environ}
    kill -"$signal" "${file#/proc/}" 2>/dev/null
  done
  sleep 1
done
