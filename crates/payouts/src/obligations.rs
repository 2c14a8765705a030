//! What of this feature keeps somebody from leaving.

use platform::obligations::Obligations;

use crate::store::obligations as store;

/// Adds this feature's query.
pub fn register_obligations(obligations: &Obligations) {
    obligations.register(|db, user, _now| Box::pin(store::find(db, user)));
}
