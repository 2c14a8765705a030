# payouts
payout_account_missing = Configura prima il tuo conto per i pagamenti.
payout_account_not_active = Il tuo conto per i pagamenti non è ancora attivo. Controlla che cosa manca.
payout_account_refused = Questo conto non può essere usato per i pagamenti. Controlla i dati.
payouts_unavailable = I pagamenti non sono disponibili al momento.
earning_invalid = Questo importo non può essere guadagnato.
reversal_too_large = È più di quanto è stato guadagnato.
withdrawal_open = Un altro prelievo è ancora in corso. Attendi che sia arrivato.
withdrawal_too_small = Preleva almeno { $least }.

# On statements.
statement-title = Estratto dei guadagni
statement-provider = Fornitore
statement-period = Periodo
statement-date = Data
statement-what = Operazione
statement-gross = Lordo
statement-fees = Commissione
statement-net = Netto
statement-sum_gross = Lordo
statement-sum_fees = Commissione
statement-sum_net = Guadagnato
statement-line_earning = Lavoro
statement-line_tip = Mancia
statement-line_refund = Rimborso
statement-line_withdrawal = Prelievo
statement-line_withdrawal_failed = Prelievo restituito
statement-status_processing = in corso
statement-status_paid = accreditato
statement-status_failed = non riuscito
statement-note = Le somme comprendono i lavori e i rimborsi di questo periodo; i prelievi non ne fanno parte.
