CREATE TABLE alembic_version_gateway (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_gateway_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version_gateway" VALUES('0001');
CREATE TABLE gateway_jobs (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	job_id VARCHAR(64) NOT NULL,
	owner VARCHAR(64) NOT NULL,
	request_id VARCHAR(128),
	policy VARCHAR(64) NOT NULL,
	state VARCHAR(16) NOT NULL,
	revision BIGINT NOT NULL,
	ended FLOAT NOT NULL,
	body TEXT NOT NULL,
	CONSTRAINT uq_gateway_jobs_job_id UNIQUE (job_id),
	CONSTRAINT uq_gateway_jobs_owner_request_id UNIQUE (owner, request_id)
);
CREATE INDEX ix_gateway_jobs_state ON gateway_jobs (state);
