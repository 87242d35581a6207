//! Settings in words.

use serde_json::Value;

/// A setting's value for people. What is not set is "none", and is left out of a group.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(is) => (if *is { "yes" } else { "no" }).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("\"{text}\""),
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Array(list) => list.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(group) => {
            let set = group.iter().filter(|(_, value)| is_set(value));
            let told: Vec<_> = set
                .map(|(name, value)| format!("{} {}", name.replace('_', " "), shown(value)))
                .collect();
            if told.is_empty() {
                "none".to_owned()
            } else {
                told.join(", ")
            }
        }
    }
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(list) => !list.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_setting_is_told_in_words() {
        for (value, expected) in [
            (json!(8080), "8080"),
            (json!(true), "yes"),
            (json!("a"), "\"a\""),
            (json!(Option::<String>::None), "none"),
            (json!([]), "none"),
            (json!(["a", "b"]), "\"a\", \"b\""),
            (
                json!({ "host": null, "insecure": false, "push_image_refs": [] }),
                "none",
            ),
            (
                json!({ "host": "h", "insecure": true, "image_tag": "t" }),
                "host \"h\", insecure yes, image tag \"t\"",
            ),
        ] {
            assert_eq!(shown(&value), expected);
        }
    }
}
