# shellcheck shell=bash
# JSON as scripts print it. Sourced; starts no program, since on a busy node each takes a second.

# The text $1 as a JSON string, in REPLY. Bytes that are not ASCII pass as they are.
json_string() {
  local text=$1 i code
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  for ((i = 1; i < 32; i++)); do
    [[ $text == *[[:cntrl:]]* ]] || break
    printf -v code '\\x%02x' "$i"
    printf -v code '%b' "$code"
    [[ $text != *"$code"* ]] || { printf -v REPLY '\\u%04x' "$i"; text=${text//"$code"/"$REPLY"}; }
  done
  REPLY="\"$text\""
}

# The text $1 as a JSON string, or null if it is empty.
json_or_null() {
  if [[ -n $1 ]]; then json_string "$1"; else REPLY=null; fi
}

# The text $1 as a JSON number, or null if it is no whole number above 0.
json_number() {
  if [[ $1 =~ ^[1-9][0-9]{0,17}$ ]]; then REPLY=$1; else REPLY=null; fi
}

# true if the command succeeds, else false.
json_bool() {
  if "$@"; then REPLY=true; else REPLY=false; fi
}

# The arguments as a JSON list of strings.
json_list() {
  local each list=
  for each; do
    json_string "$each"
    list+=,$REPLY
  done
  REPLY="[${list#,}]"
}

# json_object NAME FORM VALUE...: an object, on one line, in REPLY. FORM is `string`, `text` (null if empty), `number`, `is`
# (true if VALUE is 1) or `raw` (VALUE is JSON already).
json_object() {
  local object=
  while (($#)); do
    case $2 in
      string) json_string "$3" ;;
      text) json_or_null "$3" ;;
      number) json_number "$3" ;;
      is) if [[ $3 == 1 ]]; then REPLY=true; else REPLY=false; fi ;;
      raw) REPLY=$3 ;;
    esac
    object+=",\"$1\":$REPLY"
    shift 3
  done
  REPLY="{${object#,}}"
}
