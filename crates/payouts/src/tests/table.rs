//! The lives of an earning and of a withdrawal: the snapshots are the tables.

use std::fmt::Write as _;

use strum::VariantArray as _;

use crate::{earning, withdrawal};

#[test]
fn the_life_of_an_earning() {
    let mut table = String::new();
    for state in earning::State::VARIANTS {
        for action in earning::Action::VARIANTS {
            if let Some(next) = state.after(*action) {
                writeln!(table, "{state:?} + {action:?} -> {next:?}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(table, @"
    Pending + Earn -> Pending
    Pending + Hold -> Held
    Pending + Release -> Released
    Pending + Reverse -> Reversed
    Held + Earn -> Held
    Held + Free -> Pending
    Held + Reverse -> Reversed
    Released + Earn -> Released
    Released + Reverse -> Reversed
    Reversed + Earn -> Pending
    ");
}

#[test]
fn the_life_of_a_withdrawal() {
    let mut table = String::new();
    for state in withdrawal::State::VARIANTS {
        for action in withdrawal::Action::VARIANTS {
            if let Some(next) = state.after(*action) {
                writeln!(table, "{state:?} + {action:?} -> {next:?}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(table, @"
    Requested + Send -> Processing
    Requested + Arrive -> Paid
    Requested + Fail -> Failed
    Processing + Arrive -> Paid
    Processing + Fail -> Failed
    Paid + Fail -> Failed
    ");
}
