//! The reference pages that are made from the code: `docs/rules.md` and `docs/cli.md`.

use std::fmt::Write;

use crate::{cli, registry};

/// `docs/rules.md`: every rule's manual page.
pub fn rules_page() -> String {
    let mut page = String::from(
        "<!-- Generated from the rules' doc comments: BLESS=1 cargo test --test generated -->\n\n# Findings\n\n\
         Every finding has a code that never changes its meaning. `wukong-render explain CODE` prints the same text.\n\n\
         | code | name | severity | what it is |\n| --- | --- | --- | --- |\n",
    );
    for rule in registry::all() {
        let anchor = format!("{}-{}", rule.code.to_lowercase(), rule.name);
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| [{}](#{anchor}) | {} | {} | {} |",
            rule.code,
            rule.name,
            rule.severity.as_str(),
            rule.summary()
        );
    }
    for rule in registry::all() {
        let manual = rule.manual().replace("\n## ", "\n### ");
        let _ = write!(page, "\n## {} {}\n\n*{}*\n\n{manual}\n", rule.code, rule.name, rule.severity.as_str());
    }
    page
}

/// `docs/cli.md`: the help text of every command.
pub fn cli_page() -> String {
    let mut page = String::from(
        "<!-- Generated from the command line's definition: BLESS=1 cargo test --test generated -->\n\n# Command line\n",
    );
    let mut command = cli::command().term_width(100);
    command.build();
    let _ = write!(page, "\n```text\n{}```\n", command.render_long_help());
    for sub in command.get_subcommands_mut() {
        if sub.get_name() != "help" {
            let help = sub.clone().term_width(100).render_long_help().to_string();
            let _ = write!(page, "\n## {}\n\n```text\n{help}```\n", sub.get_name());
        }
    }
    page
}
