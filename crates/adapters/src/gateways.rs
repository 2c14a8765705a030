//! Which gateways an installation uses.

use platform::config::Settings;

/// Whether the sandbox takes the money: where no real gateway is configured.
pub fn use_sandbox(_settings: &Settings) -> bool {
    true
}
