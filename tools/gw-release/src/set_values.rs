//! What helm's `--set` says, as values: `a.b=1,c[0]=x,d={x\,y,z}`.
//!
//! Words are read as helm's own parser reads them (helm v3, pkg/strvals): true, false, null and whole numbers are such,
//! everything else is text.

use serde_json::{Map, Value};

/// The largest whole number that every reader of JSON keeps exactly.
const LARGEST: u64 = (1 << 53) - 1;

#[derive(Clone, Debug)]
enum Step {
    Name(String),
    Index(usize),
}

/// The values that these words set, in their order.
///
/// # Errors
/// What is wrong with a word, naming the key and never the value, which may be a secret.
pub fn read<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Value, String> {
    let mut values = Value::Null;
    for word in words {
        for (path, value) in assignments(word)? {
            if !set(&mut values, &path, value) {
                return Err(format!("'{}' contradicts what was set before it", named(&path)));
            }
        }
    }
    Ok(values)
}

/// Does a word set a member of a list? Over a file's list it would replace the whole of it.
pub fn sets_member_of_list(word: &str) -> bool {
    word.find('[')
        .and_then(|open| word[open..].find(']').map(|close| &word[open + close..]))
        .is_some_and(|rest| rest.contains('='))
}

/// Splits at the first of the characters `stops` that has no backslash before it.
fn up_to<'a>(text: &'a str, stops: &[char]) -> (String, Option<char>, &'a str) {
    let mut read = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            read.extend(characters.next().map(|(_, escaped)| escaped));
        } else if stops.contains(&character) {
            return (read, Some(character), &text[at + character.len_utf8()..]);
        } else {
            read.push(character);
        }
    }
    (read, None, "")
}

fn typed(text: String, path: &[Step]) -> Result<Value, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" => return Ok(true.into()),
        "false" => return Ok(false.into()),
        "null" => return Ok(Value::Null),
        "0" => return Ok(0.into()),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let is_number = digits.starts_with(|first: char| ('1'..='9').contains(&first))
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Ok(text.into());
    }
    match digits.parse::<u64>() {
        Ok(number) if number <= LARGEST => {
            let number = i64::try_from(number).expect("53 bits");
            Ok(if text.starts_with('-') { -number } else { number }.into())
        }
        _ => Err(format!(
            "'{}': so large a number must stand in a file for --values",
            named(path)
        )),
    }
}

fn named(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Name(name) => name.clone(),
        Step::Index(index) => format!("[{index}]"),
    });
    steps.collect::<Vec<_>>().join(".")
}

fn value_of<'a>(text: &'a str, path: &[Step]) -> Result<(Value, &'a str), String> {
    let Some(mut rest) = text.strip_prefix('{') else {
        let (text, _, rest) = up_to(text, &[',']);
        return Ok((typed(text, path)?, rest));
    };
    let mut list = Vec::new();
    loop {
        let (item, stop, after) = up_to(rest, &[',', '}']);
        list.push(typed(item, path)?);
        rest = after;
        match stop {
            Some(',') => {}
            Some(_) if rest.is_empty() || rest.starts_with(',') => break,
            _ => return Err(format!("'{}': its list does not end with }}", named(path))),
        }
    }
    if list == [Value::from("")] {
        list.clear();
    }
    Ok((list.into(), rest.strip_prefix(',').unwrap_or(rest)))
}

fn assignments(word: &str) -> Result<Vec<(Vec<Step>, Value)>, String> {
    let mut found = Vec::new();
    let mut path: Vec<Step> = Vec::new();
    let mut rest = word;
    while !(rest.is_empty() && path.is_empty()) {
        let (name, stop, after) = up_to(rest, &['=', '.', '[', ',']);
        let is_nameless = name.is_empty();
        if !(is_nameless && matches!(path.last(), Some(Step::Index(_)))) {
            path.push(Step::Name(name));
            if is_nameless {
                return Err(format!("'{}': a name is missing in it", named(&path)));
            }
        }
        rest = after;
        match stop {
            Some('=') => {
                let (value, after) = value_of(rest, &path)?;
                found.push((std::mem::take(&mut path), value));
                rest = after;
            }
            Some('.') => {}
            Some('[') => {
                let (index, stop, after) = up_to(rest, &[']']);
                let is_index =
                    (1..=4).contains(&index.len()) && index.bytes().all(|byte| byte.is_ascii_digit());
                if stop.is_none() || !is_index {
                    return Err(format!("'{}': its index is no number", named(&path)));
                }
                path.push(Step::Index(index.parse().expect("four digits")));
                rest = after.strip_prefix('.').unwrap_or(after);
            }
            _ => return Err(format!("'{}' has no value", named(&path))),
        }
    }
    Ok(found)
}

/// False where the path meets something else than it expects.
fn set(place: &mut Value, path: &[Step], value: Value) -> bool {
    let Some((step, rest)) = path.split_first() else {
        *place = value;
        return true;
    };
    match step {
        Step::Name(name) => {
            if place.is_null() {
                *place = Map::new().into();
            }
            place
                .as_object_mut()
                .is_some_and(|object| set(object.entry(name.clone()).or_insert(Value::Null), rest, value))
        }
        Step::Index(index) => {
            if place.is_null() {
                *place = Vec::<Value>::new().into();
            }
            place.as_array_mut().is_some_and(|list| {
                if list.len() <= *index {
                    list.resize(index + 1, Value::Null);
                }
                set(&mut list[*index], rest, value)
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn words_become_values_as_helm_reads_them() {
        for (words, expected) in [
            (&["a=1"][..], json!({"a": 1})),
            (&["a.b=x,c=y"], json!({"a": {"b": "x"}, "c": "y"})),
            (
                &["a=true,b=False,c=null,d=0"],
                json!({"a": true, "b": false, "c": null, "d": 0}),
            ),
            (
                &["a=-7,b=+7,c=007,d=1.5"],
                json!({"a": -7, "b": 7, "c": "007", "d": "1.5"}),
            ),
            (&["a={x,y}"], json!({"a": ["x", "y"]})),
            (&["a={x\\,y,z},b=1"], json!({"a": ["x,y", "z"], "b": 1})),
            (&["a={}"], json!({"a": []})),
            (&["a[0]=x,a[1].b=y"], json!({"a": ["x", {"b": "y"}]})),
            (&["a[2]=x"], json!({"a": [null, null, "x"]})),
            (&["a[0][1]=x"], json!({"a": [[null, "x"]]})),
            (&["a\\.b=x"], json!({"a.b": "x"})),
            (&["a="], json!({"a": ""})),
            (&["a=x=y"], json!({"a": "x=y"})),
            (&["a=1", "a=2"], json!({"a": 2})),
            (&["a=null", "a.b=2"], json!({"a": {"b": 2}})),
            (&["a=1,"], json!({"a": 1})),
            (&["a=9007199254740991"], json!({"a": 9_007_199_254_740_991_u64})),
            (&[""], Value::Null),
        ] {
            assert_eq!(read(words.iter().copied()).unwrap(), expected, "{words:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (words, expected) in [
            (&["logLevel"][..], "'logLevel' has no value"),
            (&["a={b"], "'a': its list does not end with }"),
            (&["a={b}c"], "'a': its list does not end with }"),
            (&["a[x]=1"], "'a': its index is no number"),
            (&["a[12345]=1"], "'a': its index is no number"),
            (&["a..b=1"], "'a.': a name is missing in it"),
            (&["=1"], "'': a name is missing in it"),
            (&["a=1", "a.b=2"], "'a.b' contradicts what was set before it"),
            (
                &["a=9007199254740992"],
                "'a': so large a number must stand in a file for --values",
            ),
        ] {
            assert_eq!(read(words.iter().copied()).unwrap_err(), expected, "{words:?}");
        }
    }

    #[test]
    fn members_of_lists_are_seen() {
        assert!(sets_member_of_list("a[0]=x"));
        assert!(!sets_member_of_list("a={x}"));
        assert!(!sets_member_of_list("a=x"));
    }

    proptest! {
        /// Any text is a value, where its own characters are escaped.
        #[test]
        fn escaped_text_is_kept(name in "[a-z]{1,8}", text in "[^0-9+-].{0,20}") {
            prop_assume!(!matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null"));
            let escaped: String = text.chars().flat_map(|one| match one {
                '\\' | ',' | '{' | '}' => vec!['\\', one],
                one => vec![one],
            }).collect();
            let word = format!("{name}={escaped}");
            prop_assert_eq!(read([word.as_str()]).unwrap(), json!({ name: text }));
        }

        #[test]
        fn no_word_is_too_much(word in ".{0,40}") {
            let _ = read([word.as_str()]);
        }
    }
}
