//! What a plain YAML scalar means to Kubernetes: go-yaml v2's resolution, which is YAML 1.1 with a few edges.

use serde_json::{Number, Value};

/// The value that Kubernetes reads for a plain (unquoted) scalar.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// Whether a plain scalar is an infinity or no number at all, which YAML has and JSON, and so Kubernetes, has not.
pub(super) fn is_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// Whether a YAML 1.1 reader takes this text, written plain, for the string that it is.
pub fn reads_as_string(text: &str) -> bool {
    let special = matches!(text, "<<" | "=") || is_not_finite(text);
    // `190:20:30` and dates are numbers and timestamps to other YAML 1.1 readers, though not to Kubernetes.
    let begins_like_a_number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    !special && !begins_like_a_number && resolve(text).is_string()
}

fn number(text: &str) -> Option<Number> {
    let first = text.bytes().next()?;
    if first == b'.' {
        return float(text);
    }
    if !(first.is_ascii_digit() || first == b'+' || first == b'-') {
        return None;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| float(&plain))
}

/// Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`: the prefix gives the base, and a leading 0 means octal.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (digits, base) = if let Some(rest) = lower.strip_prefix("0x") {
        (rest, 16)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (rest, 2)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (rest, 8)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (&lower[1..], 8)
    } else {
        (lower.as_str(), 10)
    };
    if !digits.bytes().all(|digit| digit.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(digits, base).ok()?);
    let value = if negative { -value } else { value };
    i64::try_from(value).map(Number::from).or_else(|_| u64::try_from(value).map(Number::from)).ok()
}

/// go-yaml's float form. A float with a whole value is given as the integer that JSON makes of it.
fn float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !(whole.is_empty() && fraction.is_empty());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    if !(has_digits && all_digits(whole) && all_digits(fraction) && exponent_fits) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    // 2^53: the largest range in which every whole float is exactly one integer.
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        #[expect(clippy::cast_possible_truncation, reason = "the range was just checked")]
        return Some(Number::from(value as i64));
    }
    Number::from_f64(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Every row was read off `kubectl label --local -f FILE x=y -o json`.
    #[test]
    fn scalars_mean_what_kubectl_reads() {
        let rows = [
            ("y", json!(true)),
            ("n", json!(false)),
            ("On", json!(true)),
            ("014", json!(12)),
            ("-014", json!(-12)),
            ("0o14", json!(12)),
            ("08", json!(8)),
            ("1_000", json!(1000)),
            ("1_000.5", json!(1000.5)),
            ("1__0", json!(10)),
            ("0_1", json!(1)),
            ("_1", json!("_1")),
            ("1e3", json!(1000)),
            ("12e03", json!(12000)),
            ("0x1F", json!(31)),
            ("0x", json!("0x")),
            ("0b11", json!(3)),
            ("-0b11", json!(-3)),
            ("~", json!(null)),
            ("", json!(null)),
            ("2001-01-01", json!("2001-01-01")),
            ("190:20:30", json!("190:20:30")),
            ("+12", json!(12)),
            (".5", json!(0.5)),
            ("1.", json!(1)),
            ("1.0", json!(1)),
            ("1e400", json!("1e400")),
            ("=", json!("=")),
            ("NaN", json!("NaN")),
            ("9223372036854775808", json!(9_223_372_036_854_775_808_u64)),
            ("192.168.1.10", json!("192.168.1.10")),
            ("ens160.100", json!("ens160.100")),
        ];
        for (text, value) in rows {
            assert_eq!(resolve(text), value, "{text}");
        }
    }

    #[test]
    fn words_that_need_quotes() {
        for text in ["yes", "n", "1e3", "014", "null", "", "=", "<<", ".inf", "-1", "12:30", "2001-01-01"] {
            assert!(!reads_as_string(text), "{text}");
        }
        for text in ["br-0", "ens160", "e1", "yesterday"] {
            assert!(reads_as_string(text), "{text}");
        }
    }
}
