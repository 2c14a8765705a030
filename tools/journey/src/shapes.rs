//! The objects of the contract, field by field.

use crate::shape::{
    Kind::{
        Color, Count, Currency, Date, Each, End, Flag, Id, Instant, Is, Link, Maybe, Money, Number, Object,
        OneOf, Present, Text, Time, Word,
    },
    Shape,
};

/// Contract 2.
pub const USER: &Shape = &[
    ("id", Id),
    ("email", Word),
    ("name", Word),
    ("first_name", Text),
    ("last_name", Text),
    ("phone_number", Maybe(&Word)),
    ("profile_image_url", Maybe(&Link)),
    ("is_email_verified", Flag),
    ("is_phone_verified", Flag),
    ("language", OneOf(&["en", "de", "it"])),
    ("is_provider", Flag),
    ("created_at", Instant),
    ("last_login_at", Maybe(&Instant)),
];

/// Contract 2: the answer of sign-up and sign-in.
pub const TOKENS: &Shape = &[
    ("user", Is(USER)),
    ("access", Word),
    ("refresh", Word),
    ("expires_in", Count),
    ("token_type", OneOf(&["Bearer"])),
    ("message", Word),
];

/// Contract 2: the answer of a refresh.
pub const REFRESHED: &Shape = &[("access", Word), ("refresh", Word), ("expires_in", Count)];

/// Contract 2: one signed-in device.
pub const SESSION: &Shape = &[
    ("id", Id),
    ("device_name", Maybe(&Text)),
    ("ip", Maybe(&Text)),
    ("user_agent", Maybe(&Text)),
    ("created_at", Instant),
    ("last_used_at", Instant),
    ("is_current", Flag),
];

/// Contract 3.
pub const PROVIDER: &Shape = &[
    ("id", Id),
    ("user_id", Id),
    ("name", Word),
    ("profile_image_url", Maybe(&Link)),
    ("account_type", OneOf(&["individual", "business", "company"])),
    ("business_name", Maybe(&Text)),
    ("description", Maybe(&Text)),
    ("skills", Each(&Is(&[("category_id", Id), ("name", Word)]))),
    ("rating", Maybe(&Number)),
    ("rating_count", Count),
    ("jobs_completed", Count),
    ("total_earnings", Maybe(&Money)),
    ("is_verified", Flag),
    ("is_available", Flag),
    ("availability", Present),
    ("languages", Each(&Word)),
    ("service_area", Present),
    ("response_time_minutes", Maybe(&Count)),
    ("completion_rate", Maybe(&Number)),
    ("member_since", Present),
    ("created_at", Instant),
    ("updated_at", Instant),
];

/// Contract 3.
pub const CATEGORY: &Shape = &[
    ("id", Id),
    ("slug", Word),
    ("name", Word),
    ("description", Text),
    ("icon", Text),
    ("color", Color),
    ("parent_id", Maybe(&Id)),
    ("position", Count),
    ("services_count", Count),
    ("is_active", Flag),
];

/// Contract 3.
pub const IMAGE: &Shape = &[
    ("id", Id),
    ("image_url", Link),
    ("thumbnail_url", Link),
    ("medium_url", Link),
    ("width", Count),
    ("height", Count),
    ("blurhash", Word),
    ("alt_text", Text),
    ("is_primary", Flag),
    ("position", Count),
];

/// Contract 3: a service in lists.
pub const SERVICE: &Shape = &[
    ("id", Id),
    ("provider_id", Id),
    ("provider_name", Word),
    ("provider_is_verified", Flag),
    ("category_id", Id),
    ("category_name", Word),
    ("title", Word),
    ("description", Text),
    ("price", Money),
    ("currency", Currency),
    ("credits_required", Count),
    ("duration_minutes", Count),
    ("primary_image", Present),
    ("images", Each(&Is(IMAGE))),
    ("average_rating", Maybe(&Number)),
    ("total_reviews", Count),
    ("is_active", Flag),
    ("distance_km", Maybe(&Number)),
    ("is_favourite", Maybe(&Flag)),
    ("created_at", Instant),
    ("updated_at", Instant),
];

/// Contract 3: what a service has only when it is asked for alone.
pub const SERVICE_ALONE: &Shape = &[
    ("provider", Is(PROVIDER)),
    ("category", Is(CATEGORY)),
    ("cancellation_policy", OneOf(&["flexible", "moderate", "strict"])),
    ("location", Present),
    ("translations", Present),
    ("version", Count),
];

/// Contract 3: a start that can be booked.
pub const SLOT: &Shape =
    &[("starts_at", Instant), ("ends_at", Instant), ("local_date", Date), ("local_time", Time)];

/// Contract 6.
pub const SCHEDULE: &Shape = &[
    ("timezone", Word),
    ("weekly", Each(&Is(&[("weekday", Count), ("start", Time), ("end", End)]))),
    (
        "exceptions",
        Each(&Is(&[
            ("date", Date),
            ("is_available", Flag),
            ("intervals", Each(&Is(&[("start", Time), ("end", End)]))),
            ("reason", Maybe(&Text)),
        ])),
    ),
    ("min_notice_minutes", Count),
    ("max_advance_days", Count),
    ("buffer_before_minutes", Count),
    ("buffer_after_minutes", Count),
    ("slot_step_minutes", Count),
    ("auto_accept", Flag),
    ("version", Count),
];

const STATUS: &[&str] = &["upcoming", "ongoing", "completed", "cancelled"];
const SUB_STATUS: &[&str] = &[
    "awaiting_payment",
    "pending_acceptance",
    "confirmed",
    "in_progress",
    "completed",
    "disputed",
    "declined",
    "request_expired",
    "payment_expired",
    "withdrawn",
    "cancelled_by_customer",
    "cancelled_by_provider",
    "cancelled_by_operator",
    "cancelled_by_system",
    "no_show_customer",
    "no_show_provider",
];
const PAYMENT_STATUS: &[&str] =
    &["unpaid", "scheduled", "partially_paid", "paid", "partially_refunded", "refunded", "failed"];

/// Contract 4.
pub const BOOKING: &Shape = &[
    ("id", Id),
    ("reference", Word),
    ("customer_id", Id),
    ("customer_name", Word),
    ("provider_id", Id),
    ("provider_name", Word),
    ("service_id", Id),
    ("service_title", Word),
    ("service_price", Money),
    ("scheduled_date", Date),
    ("scheduled_time", Time),
    ("timezone", Word),
    ("starts_at", Instant),
    ("ends_at", Instant),
    ("duration_minutes", Count),
    ("status", OneOf(STATUS)),
    ("sub_status", OneOf(SUB_STATUS)),
    ("respond_by", Maybe(&Instant)),
    ("notes", Maybe(&Text)),
    ("address", Maybe(&Object)),
    ("total_amount", Money),
    ("currency", Currency),
    ("payment_method", OneOf(&["card", "paypal", "credits", "cash"])),
    ("payment_type", Maybe(&OneOf(&["immediate", "later", "installment", "credits"]))),
    ("payment_status", OneOf(PAYMENT_STATUS)),
    ("is_paid", Flag),
    ("refund_amount", Maybe(&Money)),
    ("cancelled_by", Maybe(&OneOf(&["customer", "provider", "operator", "system"]))),
    ("cancellation_reason", Maybe(&Text)),
    ("reschedule", Maybe(&Object)),
    ("can_cancel", Flag),
    ("can_reschedule", Flag),
    ("can_review", Flag),
    ("version", Count),
    ("created_at", Instant),
    ("updated_at", Instant),
];

/// Contract 4: what a booking has only when it is asked for alone.
pub const BOOKING_ALONE: &Shape = &[(
    "history",
    Each(&Is(&[
        ("at", Instant),
        ("event", Word),
        ("from", Maybe(&Word)),
        ("to", Word),
        ("by", Present),
        ("reason", Maybe(&Text)),
    ])),
)];

/// Contract 1: a list; its items are checked apart.
pub const PAGE: &Shape = &[
    ("count", Count),
    ("count_exact", Flag),
    ("next", Maybe(&Link)),
    ("previous", Maybe(&Link)),
    ("results", Each(&Object)),
];

/// Contract 1: every refusal.
pub const PROBLEM: &Shape = &[
    ("type", Word),
    ("title", Word),
    ("status", Count),
    ("detail", Word),
    ("code", Word),
    ("success", Flag),
    ("message", Word),
    ("errors", Object),
    ("request_id", Word),
];

/// Contract 5.
pub const PAYMENT: &Shape = &[
    ("id", Id),
    ("booking_id", Maybe(&Id)),
    ("user_id", Id),
    ("amount", Money),
    ("currency", Currency),
    ("payment_type", OneOf(&["immediate", "later", "installment", "credits"])),
    ("payment_method", OneOf(&["card", "paypal", "credits"])),
    ("status", OneOf(PAYMENT_STATES)),
    ("transaction_id", Maybe(&Word)),
    ("failure_code", Maybe(&Word)),
    ("client_secret", Maybe(&Word)),
    ("due_date", Maybe(&Date)),
    ("refunded_amount", Money),
    ("installments", Each(&Is(INSTALLMENT))),
    ("receipt_url", Maybe(&Link)),
    (
        "booking",
        Maybe(&Is(&[
            ("id", Id),
            ("service_title", Word),
            ("scheduled_date", Date),
            ("scheduled_time", Time),
        ])),
    ),
    ("created_at", Instant),
    ("updated_at", Instant),
];

const PAYMENT_STATES: &[&str] = &[
    "pending",
    "requires_action",
    "processing",
    "completed",
    "failed",
    "refunded",
    "partially_refunded",
    "cancelled",
];

/// Contract 5.
pub const INSTALLMENT: &Shape = &[
    ("id", Id),
    ("installment_number", Count),
    ("amount", Money),
    ("due_date", Date),
    ("paid_at", Maybe(&Instant)),
    ("status", OneOf(&["pending", "paid", "overdue", "failed", "cancelled"])),
    ("transaction_id", Maybe(&Word)),
];

/// Contract 5: a way to pay that this server offers.
pub const AVAILABLE_METHOD: &Shape = &[("type", Word), ("enabled", Flag)];

/// Contract 5: a method that somebody keeps.
pub const PAYMENT_METHOD: &Shape = &[
    ("id", Id),
    ("type", Word),
    ("brand", Maybe(&Word)),
    ("last4", Maybe(&Word)),
    ("exp_month", Maybe(&Count)),
    ("exp_year", Maybe(&Count)),
    ("is_default", Flag),
];

/// Money on its way back.
pub const REFUND: &Shape = &[
    ("id", Id),
    ("payment_id", Id),
    ("amount", Money),
    ("currency", Currency),
    ("status", OneOf(&["processing", "succeeded", "failed"])),
    ("reason", Word),
    ("refunded_amount", Money),
    ("created_at", Instant),
];

/// A receipt.
pub const RECEIPT: &Shape = &[
    ("number", Word),
    ("payment_id", Id),
    ("booking_id", Maybe(&Id)),
    ("customer_name", Word),
    ("provider_name", Word),
    ("description", Word),
    ("amount", Money),
    ("currency", Currency),
    ("tender", Each(&Is(&[("method", Word), ("amount", Money)]))),
    ("refunded_amount", Money),
    ("issued_at", Instant),
];

/// A package of credits.
pub const CREDIT_PACKAGE: &Shape =
    &[("id", Id), ("name", Word), ("credits", Money), ("price", Money), ("currency", Currency)];

/// Contract 5: what happened to credits.
pub const CREDIT_TRANSACTION: &Shape = &[
    ("id", Id),
    ("amount", Number),
    ("transaction_type", OneOf(&["purchase", "earned", "used", "refund", "bonus", "expired"])),
    ("description", Word),
    ("booking_id", Maybe(&Id)),
    ("balance_after", Money),
    ("created_at", Instant),
];

/// Contract 5: what a provider has earned.
pub const EARNINGS: &Shape = &[
    ("currency", Currency),
    ("total", Number),
    ("pending", Money),
    ("available", Money),
    ("withdrawn", Money),
    ("this_month", Number),
    ("last_month", Number),
    ("by_period", Each(&Is(EARNINGS_PERIOD))),
    ("transactions", Each(&Object)),
];

/// Contract 5: the sums of a period.
pub const EARNINGS_PERIOD: &Shape =
    &[("period", Date), ("gross", Number), ("fees", Number), ("net", Number), ("jobs", Count)];

/// Contract 5.
pub const WITHDRAWAL: &Shape = &[
    ("id", Id),
    ("amount", Money),
    ("currency", Currency),
    ("status", OneOf(&["requested", "processing", "paid", "failed"])),
    ("created_at", Instant),
];

/// Contract 9.
pub const CONVERSATION: &Shape = &[
    ("id", Id),
    ("customer_id", Id),
    ("provider_id", Id),
    ("customer_name", Word),
    ("provider_name", Word),
    ("customer_profile_image", Maybe(&Link)),
    ("provider_profile_image", Maybe(&Link)),
    ("booking_id", Maybe(&Id)),
    ("last_message", Maybe(&Is(MESSAGE))),
    ("unread_count", Count),
    ("last_message_at", Instant),
    ("is_blocked", Flag),
    ("created_at", Instant),
];

/// Contract 9.
pub const MESSAGE: &Shape = &[
    ("id", Id),
    ("conversation_id", Id),
    ("seq", Count),
    ("sender_id", Maybe(&Id)),
    ("sender_name", Maybe(&Word)),
    ("sender_profile_image", Maybe(&Link)),
    ("content", Text),
    ("media", Each(&Is(MEDIA))),
    ("client_message_id", Word),
    ("status", OneOf(&["sent", "delivered", "read"])),
    ("is_read", Flag),
    ("edited_at", Maybe(&Instant)),
    ("deleted_at", Maybe(&Instant)),
    ("created_at", Instant),
];

/// Contract 9: a file of a message.
pub const MEDIA: &Shape = &[
    ("id", Id),
    ("type", OneOf(&["image", "document", "audio", "video"])),
    ("url", Link),
    ("thumbnail_url", Maybe(&Link)),
    ("content_type", Word),
    ("file_name", Word),
    ("size_bytes", Count),
    ("width", Maybe(&Count)),
    ("height", Maybe(&Count)),
    ("expires_at", Instant),
];

/// Contract 9.
pub const NOTIFICATION: &Shape = &[
    ("id", Id),
    ("type", OneOf(&["booking", "payment", "review", "message", "system", "marketing"])),
    ("title", Word),
    ("message", Word),
    ("data", Object),
    ("is_read", Flag),
    ("read_at", Maybe(&Instant)),
    ("created_at", Instant),
];
