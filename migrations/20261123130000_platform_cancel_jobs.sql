-- Takes waiting jobs back. A plan that was made while the queue was empty, and is kept, would read all of it.
create function cancel_jobs(keys text[]) returns void
    language plpgsql
    set enable_seqscan = off as $$
begin
    delete from jobs where key = any (keys);
end
$$;
