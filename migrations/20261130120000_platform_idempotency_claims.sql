-- A key is claimed before its request runs, so that no two requests with one key ever do. A claim is a row without
-- an answer; who holds it writes its answer in the transaction of the effect, by claim_id. One whose holder died is
-- taken over after leased_until. subject_id: what was begun under the key and lasts longer than a transaction (the
-- charge that a gateway is asked for), so that who takes over goes on with it and begins no other.
alter table idempotency_keys
    alter column status drop not null,
    alter column headers drop not null,
    alter column sealed_body drop not null,
    add column claim_id uuid,
    add column leased_until timestamptz,
    add column subject_id uuid,
    add constraint idempotency_keys_answer check (
        case when status is null then headers is null and sealed_body is null and claim_id is not null
                                      and leased_until is not null
             else headers is not null and sealed_body is not null end);
