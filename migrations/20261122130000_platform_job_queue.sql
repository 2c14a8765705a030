-- The queue's one hot statement takes the jobs that are due, in this very order: with both columns in the index it reads
-- a few rows from one end of it, whatever the planner thinks of the table, which is empty at one moment and has
-- thousands of rows at the next.
drop index jobs_due;
create index jobs_due on jobs (run_at, id) where dead_at is null;

-- Whoever runs a job has it under a number of its own, and says every few seconds that it is still at it: the jobs of a
-- node that died are taken over soon, long ones all the same left alone, and who was replaced meanwhile changes nothing.
create sequence job_claims;
alter table jobs add column claim bigint unique;

-- Both tables are written and emptied all the time: what is gone is cleared early, so that nobody has to step over it.
alter table jobs set (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000,
                      autovacuum_analyze_scale_factor = 0.0, autovacuum_analyze_threshold = 2000);
alter table outbox set (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000,
                        autovacuum_analyze_scale_factor = 0.0, autovacuum_analyze_threshold = 2000);
