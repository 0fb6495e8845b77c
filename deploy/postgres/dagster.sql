-- PostgreSQL's container runs this once: the second database, which is Dagster's own.
CREATE DATABASE dagster;
