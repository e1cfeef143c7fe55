-- The state store's database, beside Dagster's (POSTGRES_DB). Run once, when the volume is new.
create database state;
