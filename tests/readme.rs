//! The commands that README and the guides show are run, and print what is shown.

#[test]
fn readme_commands_print_what_is_shown() {
    trycmd::TestCases::new()
        .case("README.md")
        .case("docs/migration.md")
        .env("NO_COLOR", "1")
        .env("SOURCE_DATE_EPOCH", "1795507200");
}
