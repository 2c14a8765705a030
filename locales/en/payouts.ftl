# payouts
payout_account_missing = Please set up your payout account first.
payout_account_not_active = Your payout account cannot be paid yet. Please check what is still needed.
payout_account_refused = This account cannot be used for payouts. Please check its details.
payouts_unavailable = Payouts are not available at present.
earning_invalid = This cannot be earned.
reversal_too_large = That is more than was earned.
withdrawal_open = Another withdrawal is still under way. Please wait until it has arrived.
withdrawal_too_small = Please withdraw at least { $least }.

# On statements.
statement-title = Statement of earnings
statement-provider = Provider
statement-period = Period
statement-date = Date
statement-what = What
statement-gross = Gross
statement-fees = Our share
statement-net = Net
statement-sum_gross = Gross
statement-sum_fees = Our share
statement-sum_net = Earned
statement-line_earning = Job
statement-line_tip = Tip
statement-line_refund = Refund
statement-line_withdrawal = Withdrawal
statement-line_withdrawal_failed = Withdrawal returned
statement-status_processing = on its way
statement-status_paid = paid
statement-status_failed = failed
statement-note = The sums are those of jobs and refunds of this period; withdrawals are not part of them.
