//! What happens to conversations by itself.

use platform::jobs::Registry;

/// Adds the jobs of this feature.
pub fn register(registry: Registry) -> Registry {
    registry
}
