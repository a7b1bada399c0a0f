//! What must not be shown, told by the key that it stands under. Which bytes of a text that is, `view::secrets` decides.

use super::spelling::is_within;

/// Parts of keys that hold secrets, without what words are joined with. The secrets are those of cloud-init (`password`, `userData`),
/// of nmstate's `802.1x` and `macsec` (`private-key-password`, `mka-cak`), of kinds such as Secret, and of what others call tokens.
const PARTS: &[&str] = &[
    "pass",
    "pwd",
    "secret",
    "token",
    "tokn",
    "toekn",
    "cloudinit",
    "psk",
    "privatekey",
    "preshared",
    "userdata",
    "credential",
    "apikey",
    "accesskey",
    "authorization",
    "bearer",
];

/// Keys that are misspelt, and by how many letters.
const MISSPELT: &[(&str, usize)] = &[
    ("password", 2),
    ("passwordhash", 3),
    ("cloudinituser", 3),
    ("userdata", 2),
    ("privatekey", 2),
    ("secret", 1),
    ("mkacak", 1),
];

/// The fewest letters of a key that holds secrets.
const SHORTEST: usize = 3;

/// Keys that name a Secret, and hold none.
const REFERENCES: &[&str] = &["sshkeysecret", "secretname", "secretref", "imagepullsecrets"];

/// Whether what stands under a key is a secret. A misspelt key counts as the one that it was meant to be.
pub fn holds_secrets(key: &str) -> bool {
    if key.bytes().filter(u8::is_ascii_alphabetic).count() < SHORTEST {
        return false;
    }
    let letters = letters(key);
    PARTS.iter().any(|part| letters.contains(part))
        // `passwordHash`, but not `xmit_hash_policy`.
        || letters.ends_with("hash")
        || letters.ends_with("cak")
        || MISSPELT.iter().any(|(known, distance)| has_letters(&letters, known, *distance) && is_within(&letters, known, *distance))
}

/// Whether a key that looks like one for a secret names the object that has it.
pub fn names_a_secret(key: &str) -> bool {
    REFERENCES.contains(&letters(key).as_str())
}

/// Whether a text speaks of a secret and goes on: `password: hunter2`, JSON within a string, a key that lost its colon. One word
/// alone, such as the name `hash-server`, does not.
pub fn mentions_secret(text: &str) -> bool {
    let mut words = words(text).peekable();
    while let Some(word) = words.next() {
        if words.peek().is_some() && holds_secrets(word) {
            return true;
        }
    }
    false
}

/// A free text as it can be repeated: a kind, a reason, a parameter's name. One that speaks of a secret may have taken it in.
pub fn shown_text(text: &str) -> &str {
    if mentions_secret(text) { "***" } else { text }
}

/// Whether a word for a secret stands anywhere in a text.
pub fn has_word_for_secret(text: &str) -> bool {
    words(text).any(holds_secrets)
}

/// The words of a text, each with what it is joined of.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !(it.is_alphanumeric() || "-_.".contains(it))).filter(|word| !word.is_empty())
}

/// A key as a message can repeat it: a value that lost its colon stays out.
pub fn shown_key(key: &str) -> String {
    if let Some(end) = key.find(|it: char| it.is_whitespace() || it == ':' || it == '=') {
        return format!("{}…", &key[..end]);
    }
    let lower = key.to_ascii_lowercase();
    let mut glued = ["passwordhash", "password", "passwd", "pwd", "token", "psk"].iter();
    let end = glued.find_map(|word| lower.find(word).map(|at| at + word.len()));
    match end.filter(|end| *end < key.len()) {
        Some(end) => format!("{}…", &key[..end]),
        None => key.to_owned(),
    }
}

/// Whether two words can be one by changing so many letters: each change takes away one letter at most, and adds one.
fn has_letters(word: &str, known: &str, changes: usize) -> bool {
    let set = |word: &str| word.bytes().fold(0_u64, |set, byte| set | 1 << (byte % 64));
    (set(word) ^ set(known)).count_ones() as usize <= 2 * changes
}

fn letters(key: &str) -> String {
    key.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_secrets() {
        for key in [
            "password",
            "passwordHash",
            "PASSWORD",
            "pasword",
            "passwrd",
            "psasword",
            "paswordHash",
            "psk",
            "wifi-psk",
            "mka-cak",
            "private-key",
            "privateKey",
            "private-key-password",
            "token",
            "apiToken",
            "userData",
            "userDataBase64",
            "user-data",
            "cloudInitUser",
            "cloudInitNoCloud",
            "stringSecret",
            "sshKeySecret",
            "pre-shared-key",
            "DB_PASSWORD",
            "credentials",
        ] {
            assert!(holds_secrets(key), "{key}");
        }
        for key in [
            "name",
            "networks",
            "bridgeName",
            "vlanId",
            "ipConfig",
            "address",
            "gateway",
            "metadata",
            "selector",
            "nodeSelector",
            "key",
            "mac",
            "mode",
            "disk",
            "task",
            "users",
            "data",
            "port",
            "primary",
            "select",
            "xmit_hash_policy",
            "taken",
        ] {
            assert!(!holds_secrets(key), "{key}");
        }
        assert!(names_a_secret("sshKeySecret") && !names_a_secret("password"));
    }

    #[test]
    fn texts_that_go_on_behind_a_word() {
        for text in ["password: x", "{\"password\":\"x\"}", "password x", "-p --token=x", "the password\n is x"] {
            assert!(mentions_secret(text), "{text}");
        }
        for text in ["hash-server", "my.token", "the password", "ens160 and more", ""] {
            assert!(!mentions_secret(text), "{text}");
        }
    }

    #[test]
    fn keys_in_messages() {
        for (key, shown) in [
            ("pasword", "pasword"),
            ("password", "password"),
            ("passwordhunter2", "password…"),
            ("password hunter2", "password…"),
            ("password:hunter2", "password…"),
            ("passwordHash", "passwordHash"),
            ("bridge", "bridge"),
        ] {
            assert_eq!(shown_key(key), shown);
        }
    }
}
