# What helm's --set says, as values: a.b=1,c[0]=x,d={x\,y,z}. Input: the words, each ended by a NUL. Words are read as helm's own
# parser reads them: true, false, null and whole numbers are such, everything else is text.

# Splits a text at the first of the characters `stops` that has no backslash before it.
def upto($stops):
  {text: "", rest: ., stop: null}
  | until(.stop != null or .rest == "";
      .rest[0:1] as $next
      | if $next == "\\" then .text += .rest[1:2] | .rest |= .[2:]
        elif $stops | contains($next) then .stop = $next | .rest |= .[1:]
        else .text += $next | .rest |= .[1:] end);

def typed($key):
  ascii_downcase as $word
  | if $word == "true" then true elif $word == "false" then false elif $word == "null" then null elif $word == "0" then 0
    elif test("^[+-]?[1-9][0-9]*$") then
      (ltrimstr("+") | tonumber) as $number
      | if ($number | fabs) > 9007199254740991 then error("'\($key)': so large a number must stand in a file for --values") else $number end
    else . end;

def named: map(if type == "number" then "[\(.)]" else . end) | join(".");

# Input: what follows a key. Output: its value and what follows that.
def value($path):
  ($path | named) as $key
  | if startswith("{") then
      {list: [], rest: .[1:], stop: ","}
      | until(.stop != ",";
          .list as $list
          | .rest | upto(",}") | . as $item
          | {list: ($list + [$item.text | typed($key)]), rest, stop})
      | if .stop != "}" or ((.rest | startswith(",") or . == "") | not) then error("'\($key)': its list does not end with }") else . end
      | {value: (if .list == [""] then [] else .list end), rest: .rest[1:]}
    else upto(",") | {value: (.text | typed($key)), rest} end;

# Input: what is left of a word. Output: [path, value] for each assignment in it.
def assignments($path):
  if . == "" and $path == [] then empty
  else
    upto("=.[,") as $key
    | (if $key.text == "" and ($path | last | type) == "number" then $path else $path + [$key.text] end) as $path
    | ($path | named) as $name
    | if $key.text == "" and ($path | last | type) != "number" then error("'\($name)': a name is missing in it") else . end
    | if $key.stop == "=" then
        ($key.rest | value($path)) as $read
        | [$path, $read.value], ($read.rest | assignments([]))
      elif $key.stop == "." then $key.rest | assignments($path)
      elif $key.stop == "[" then
        ($key.rest | upto("]")) as $index
        | if ($index.stop == "]" and ($index.text | test("^[0-9]{1,4}$"))) | not then error("'\($name)': its index is no number")
          else $index.rest | ltrimstr(".") | assignments($path + [$index.text | tonumber]) end
      else error("'\($name)' has no value") end
  end;

[split("\u0000")[] | assignments([])]
| reduce .[] as [$path, $value] (null;
    [try setpath($path; $value) catch null]
    | if .[0] == null then error("'\($path | named)' contradicts what was set before it") else .[0] end)
