CREATE TABLE alembic_version_model (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_model_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version_model" VALUES('0009');
CREATE TABLE policy_alias_moves (
	revision BIGINT NOT NULL,
	name VARCHAR(64) NOT NULL,
	alias VARCHAR(64) NOT NULL,
	from_number BIGINT NOT NULL,
	number BIGINT NOT NULL,
	time DATETIME NOT NULL,
	reason VARCHAR(1024) NOT NULL,
	mover VARCHAR(128) NOT NULL,
	key_id VARCHAR(64) NOT NULL,
	gate_id VARCHAR(96) NOT NULL,
	CONSTRAINT pk_policy_alias_moves PRIMARY KEY (revision)
);
CREATE TABLE policy_aliases (
	name VARCHAR(64) NOT NULL,
	alias VARCHAR(64) NOT NULL,
	number BIGINT NOT NULL,
	revision BIGINT NOT NULL,
	CONSTRAINT pk_policy_aliases PRIMARY KEY (name, alias)
);
CREATE TABLE policy_configs (
	config_sha256 VARCHAR(64) NOT NULL,
	"key" VARCHAR(128) NOT NULL,
	value VARCHAR(1024) NOT NULL,
	CONSTRAINT pk_policy_configs PRIMARY KEY (config_sha256, "key")
);
CREATE TABLE policy_counts (
	state SMALLINT NOT NULL,
	versions BIGINT NOT NULL,
	file_bytes BIGINT NOT NULL,
	CONSTRAINT pk_policy_counts PRIMARY KEY (state)
);
CREATE TABLE policy_events (
	revision BIGINT NOT NULL,
	name VARCHAR(64) NOT NULL,
	number BIGINT NOT NULL,
	alias VARCHAR(64) NOT NULL,
	CONSTRAINT pk_policy_events PRIMARY KEY (revision)
);
CREATE TABLE policy_experiment_arms (
	experiment_id VARCHAR(64) NOT NULL,
	arm SMALLINT NOT NULL,
	number BIGINT NOT NULL,
	sessions BIGINT NOT NULL,
	calls BIGINT NOT NULL,
	errors BIGINT NOT NULL,
	slow BIGINT NOT NULL,
	seconds FLOAT NOT NULL,
	dropped BIGINT NOT NULL,
	compared BIGINT NOT NULL,
	agreeing BIGINT NOT NULL,
	outcomes BIGINT NOT NULL,
	score FLOAT NOT NULL,
	latencies JSON NOT NULL,
	CONSTRAINT pk_policy_experiment_arms PRIMARY KEY (experiment_id, arm)
);
CREATE TABLE policy_experiment_sessions (
	experiment_id VARCHAR(64) NOT NULL,
	session VARCHAR(128) NOT NULL,
	arm SMALLINT NOT NULL,
	score FLOAT,
	CONSTRAINT pk_policy_experiment_sessions PRIMARY KEY (experiment_id, session)
);
CREATE TABLE policy_experiments (
	position INTEGER NOT NULL,
	experiment_id VARCHAR(64) NOT NULL,
	name VARCHAR(64) NOT NULL,
	alias VARCHAR(64) NOT NULL,
	state SMALLINT NOT NULL,
	definition JSON NOT NULL,
	weights JSON NOT NULL,
	step INTEGER NOT NULL,
	step_begun DATETIME NOT NULL,
	step_answers BIGINT NOT NULL,
	step_outcomes BIGINT NOT NULL,
	revision BIGINT NOT NULL,
	key_id VARCHAR(64) NOT NULL,
	explanation TEXT NOT NULL,
	created DATETIME NOT NULL,
	ended DATETIME,
	CONSTRAINT pk_policy_experiments PRIMARY KEY (position),
	CONSTRAINT uq_policy_experiments_experiment_id UNIQUE (experiment_id)
);
CREATE TABLE policy_files (
	sha256 VARCHAR(64) NOT NULL,
	content BLOB NOT NULL,
	CONSTRAINT pk_policy_files PRIMARY KEY (sha256)
);
CREATE TABLE policy_graph_checks (
	graph_sha256 VARCHAR(64) NOT NULL,
	version VARCHAR(96) NOT NULL,
	checks TEXT NOT NULL,
	CONSTRAINT pk_policy_graph_checks PRIMARY KEY (graph_sha256)
);
CREATE TABLE policy_holds (
	name VARCHAR(64) NOT NULL,
	number BIGINT NOT NULL,
	holder VARCHAR(128) NOT NULL,
	reason VARCHAR(256) NOT NULL,
	expires DATETIME NOT NULL,
	CONSTRAINT pk_policy_holds PRIMARY KEY (name, number, holder)
);
CREATE TABLE policy_leases (
	name VARCHAR(64) NOT NULL,
	owner VARCHAR(128) NOT NULL,
	run_id VARCHAR(128) NOT NULL,
	place VARCHAR(128) NOT NULL,
	fence BIGINT NOT NULL,
	expires DATETIME NOT NULL,
	CONSTRAINT pk_policy_leases PRIMARY KEY (name)
);
CREATE TABLE policy_mirror (
	only BOOLEAN NOT NULL,
	uri TEXT NOT NULL,
	holder VARCHAR(64) NOT NULL,
	until DATETIME NOT NULL,
	CONSTRAINT pk_policy_mirror PRIMARY KEY (only)
);
CREATE TABLE policy_mirror_outbox (
	position INTEGER NOT NULL,
	name VARCHAR(64) NOT NULL,
	number BIGINT NOT NULL,
	alias VARCHAR(64) NOT NULL,
	since DATETIME NOT NULL,
	refused TEXT NOT NULL,
	CONSTRAINT pk_policy_mirror_outbox PRIMARY KEY (position)
);
CREATE TABLE policy_references (
	name VARCHAR(64) NOT NULL,
	number BIGINT NOT NULL,
	content BLOB NOT NULL,
	CONSTRAINT pk_policy_references PRIMARY KEY (name, number)
);
CREATE TABLE policy_revision (
	only BOOLEAN NOT NULL,
	value BIGINT NOT NULL,
	CONSTRAINT pk_policy_revision PRIMARY KEY (only)
);
INSERT INTO "policy_revision" VALUES(1,1);
CREATE TABLE policy_rules (
	name VARCHAR(64) NOT NULL,
	alias VARCHAR(64) NOT NULL,
	revision BIGINT NOT NULL,
	rules TEXT NOT NULL,
	CONSTRAINT pk_policy_rules PRIMARY KEY (name, alias)
);
CREATE TABLE policy_variants (
	name VARCHAR(64) NOT NULL,
	number BIGINT NOT NULL,
	kind VARCHAR(16) NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	size_bytes BIGINT NOT NULL,
	largest_difference FLOAT NOT NULL,
	same_choices FLOAT NOT NULL,
	rows INTEGER NOT NULL,
	rejection TEXT NOT NULL,
	CONSTRAINT pk_policy_variants PRIMARY KEY (name, number, kind)
);
CREATE TABLE policy_versions (
	position INTEGER NOT NULL,
	name VARCHAR(64) NOT NULL,
	number BIGINT NOT NULL,
	state SMALLINT NOT NULL,
	request_id VARCHAR(128),
	run_id VARCHAR(128) NOT NULL,
	training_step BIGINT NOT NULL,
	parent_version BIGINT NOT NULL,
	snapshot BOOLEAN NOT NULL,
	collection BLOB NOT NULL,
	spec_hash VARCHAR(64) NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	size_bytes BIGINT NOT NULL,
	created DATETIME NOT NULL,
	notes JSON NOT NULL,
	rejection TEXT NOT NULL,
	revision BIGINT NOT NULL, q_values BOOLEAN DEFAULT 0 NOT NULL, checked TEXT DEFAULT '' NOT NULL, graph_sha256 VARCHAR(64) DEFAULT '' NOT NULL, code_version VARCHAR(128) DEFAULT '' NOT NULL, game VARCHAR(128) DEFAULT '' NOT NULL, game_hash VARCHAR(64) DEFAULT '' NOT NULL, config_sha256 VARCHAR(64) DEFAULT '' NOT NULL, checks TEXT DEFAULT '' NOT NULL, has_variants BOOLEAN DEFAULT 0 NOT NULL,
	CONSTRAINT pk_policy_versions PRIMARY KEY (position),
	CONSTRAINT uq_policy_versions_request_id UNIQUE (request_id),
	CONSTRAINT uq_policy_versions_name_number UNIQUE (name, number)
);
CREATE INDEX ix_policy_versions_state_sha256 ON policy_versions (state, sha256);
CREATE INDEX ix_policy_versions_collection ON policy_versions (name, state, snapshot, number);
CREATE INDEX ix_policy_events_name_revision ON policy_events (name, revision);
CREATE INDEX ix_policy_versions_state ON policy_versions (state, position);
CREATE INDEX ix_policy_versions_name ON policy_versions (name, position);
CREATE INDEX ix_policy_versions_name_state ON policy_versions (name, state, position);
CREATE INDEX ix_policy_versions_snapshots ON policy_versions (position) WHERE snapshot;
CREATE INDEX ix_policy_versions_name_snapshots ON policy_versions (name, position) WHERE snapshot;
CREATE INDEX ix_policy_alias_moves_name ON policy_alias_moves (name, revision);
CREATE INDEX ix_policy_alias_moves_alias ON policy_alias_moves (name, alias, revision);
CREATE INDEX ix_policy_versions_run ON policy_versions (run_id, position);
CREATE INDEX ix_policy_configs_value ON policy_configs ("key", value);
CREATE INDEX ix_policy_holds_holder ON policy_holds (holder);
CREATE INDEX ix_policy_holds_expires ON policy_holds (expires);
CREATE INDEX ix_policy_variants_sha256 ON policy_variants (sha256);
CREATE INDEX ix_policy_experiments_name ON policy_experiments (name, position);
CREATE INDEX ix_policy_experiments_state ON policy_experiments (state, position);
CREATE UNIQUE INDEX ux_policy_experiments_running ON policy_experiments (name, alias) WHERE state = 1;
