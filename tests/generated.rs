//! What is generated is committed, and is what the code would generate. `BLESS=1` writes it.

mod common;

use std::fs;

use common::{is_blessing, root};
use wukong_render::cli::docs;
use wukong_render::read::schema::SchemaKind;

fn check(path: &str, text: &str) {
    let file = root().join(path);
    if is_blessing() {
        fs::write(&file, text).expect("a generated file can be written");
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == text, "{path} is not up to date: BLESS=1 cargo test --test generated");
}

#[test]
fn schemas_are_up_to_date() {
    check("schemas/wukong.schema.json", &SchemaKind::Wukong.text());
    check("schemas/site.schema.json", &SchemaKind::Site.text());
}

#[test]
fn the_rules_page_is_up_to_date() {
    check("docs/rules.md", &docs::rules_page());
}

#[test]
fn the_command_line_page_is_up_to_date() {
    check("docs/cli.md", &docs::cli_page());
}
