CREATE TABLE access_keys (
	id VARCHAR(32) NOT NULL,
	secret_sha256 VARCHAR(64) NOT NULL,
	role VARCHAR(32) NOT NULL,
	label VARCHAR(128) NOT NULL,
	scopes TEXT NOT NULL,
	create_time DOUBLE NOT NULL,
	expire_time DOUBLE,
	revoke_time DOUBLE,
	use_time DOUBLE,
	CONSTRAINT pk_access_keys PRIMARY KEY (id)
);
CREATE TABLE access_revision (
	id INTEGER NOT NULL,
	revision BIGINT NOT NULL,
	CONSTRAINT pk_access_revision PRIMARY KEY (id)
);
INSERT INTO "access_revision" VALUES(1,0);
CREATE TABLE alembic_version_access (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_access_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version_access" VALUES('0001');
CREATE INDEX ix_access_keys_create_time ON access_keys (create_time);
