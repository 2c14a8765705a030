use std::path::PathBuf;

/// Where bin/test-tools.sh installed the programs; fails the test unless `needed` is among them.
pub fn tools(needed: &str) -> PathBuf {
    let tools = directory();
    let has = tools.join(needed).exists();
    assert!(
        has,
        "{needed} is missing in {}: run bin/test-tools.sh, which installs the programs that tests use",
        tools.display()
    );
    tools
}

/// A program that is not to be had everywhere, where bin/test has found it.
pub fn tool(name: &str) -> Option<PathBuf> {
    Some(directory().join(name)).filter(|program| program.exists())
}

#[expect(clippy::disallowed_methods, reason = "tests are configured by the environment")]
fn directory() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.skillbuddy/tools");
    PathBuf::from(std::env::var("TEST_TOOLS_DIR").unwrap_or_else(|_unset| default.to_owned()))
}
