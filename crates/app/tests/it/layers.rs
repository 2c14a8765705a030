//! The order of the crates: each may stand only on what is below it.

use std::{collections::BTreeMap, fs, path::Path};

/// A crate, and all of ours that it may depend on.
const MAY_USE: [(&str, &[&str]); 21] = [
    ("platform", &[]),
    ("postgres-embedded", &[]),
    ("documents", &[]),
    ("pictures", &["platform"]),
    ("adapters", &["platform"]),
    ("demo", &[]),
    ("identity", &["platform", "pictures"]),
    ("scheduling", &["platform"]),
    ("ledger", &["platform"]),
    ("payouts", &["platform", "ledger", "scheduling", "documents"]),
    ("catalog", &["platform", "pictures", "identity", "scheduling"]),
    ("discovery", &["platform", "catalog", "scheduling"]),
    ("bookings", &["platform", "identity", "catalog", "scheduling"]),
    ("chat", &["platform", "bookings", "identity", "pictures"]),
    ("payments", &["platform", "bookings", "ledger", "payouts", "scheduling", "documents"]),
    ("realtime", &["platform", "chat"]),
    (
        "notifications",
        &[
            "platform",
            "identity",
            "catalog",
            "scheduling",
            "bookings",
            "chat",
            "realtime",
            "payments",
            "payouts",
        ],
    ),
    ("webhooks", &["platform", "bookings", "payments"]),
    ("journey", &[]),
    ("bench", &["postgres-embedded", "demo"]),
    ("faults", &["postgres-embedded"]),
];

#[test]
fn crates_depend_only_on_what_is_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let may_use: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let ours: Vec<&str> = may_use.keys().copied().collect();
    for folder in ["crates", "tools"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.as_ref().unwrap().file_name().into_string().unwrap();
            if name == "app" {
                continue;
            }
            let allowed =
                may_use.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no place in the order"));
            let manifest = fs::read_to_string(entry.unwrap().path().join("Cargo.toml")).unwrap();
            let normal = manifest.split("[dev-dependencies]").next().unwrap();
            for used in &ours {
                let depends = normal.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(used));
                assert!(
                    !depends || allowed.contains(used) || *used == name,
                    "{name} must not depend on {used}"
                );
            }
        }
    }
}
