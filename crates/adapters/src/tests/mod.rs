//! Each adapter against a real program of its kind where there is one, else against a stub of ours.

mod facebook;
mod feedback;
mod files;
mod gateway_guard;
mod gateway_paypal;
mod gateway_sandbox;
mod gateway_stripe;
mod gateway_stripe_stub;
mod gateways;
mod mail;
mod oidc;
mod outbox;
mod programs;
mod push;
mod push_fcm;
mod push_fcm_account;
mod push_onesignal;
mod scanner;
mod settings;
mod sms;
mod social_keys;
mod storage;
mod webhook_http;
mod webhook_signature;
