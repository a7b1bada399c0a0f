//! The commands that the README shows are run, and print what it shows.

#[test]
fn readme_commands_print_what_is_shown() {
    trycmd::TestCases::new().case("README.md").env("NO_COLOR", "1").env("SOURCE_DATE_EPOCH", "1795507200");
}
