//! A migration that is new is built in, too: the macro that embeds them sees changes of files only.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
