//! What staff do with money.

pub(super) mod evidence;
pub(super) mod goodwill;
pub(super) mod refunds;
pub(super) mod reviews;
pub(super) mod tasks;

use platform::{
    auth::{Staff, StaffRole},
    error::{ApiError, ApiResult, Kind},
};

/// Money is moved by finance.
pub(super) fn of_finance(staff: &Staff) -> ApiResult<()> {
    if matches!(staff.role, StaffRole::Finance | StaffRole::Superuser) {
        Ok(())
    } else {
        Err(ApiError::new(Kind::Forbidden, "forbidden"))
    }
}
