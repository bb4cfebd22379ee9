CREATE TABLE alembic_version_elo (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_elo_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version_elo" VALUES('0004');
CREATE TABLE elo_gates (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	gate_id VARCHAR(96) NOT NULL,
	ladder VARCHAR(128) NOT NULL,
	revision BIGINT NOT NULL,
	body TEXT NOT NULL,
	CONSTRAINT uq_elo_gates_gate_id UNIQUE (gate_id)
);
CREATE TABLE elo_histories (
	ladder VARCHAR(128) NOT NULL,
	player INTEGER NOT NULL,
	first BIGINT NOT NULL,
	points INTEGER NOT NULL,
	body BLOB NOT NULL,
	CONSTRAINT pk_elo_histories PRIMARY KEY (ladder, player, first)
)
 WITHOUT ROWID

;
CREATE TABLE elo_ladders (
	ladder VARCHAR(128) NOT NULL,
	high_water BIGINT NOT NULL,
	matches BIGINT NOT NULL,
	body BLOB NOT NULL,
	CONSTRAINT pk_elo_ladders PRIMARY KEY (ladder)
);
CREATE TABLE elo_leases (
	task VARCHAR(32) NOT NULL,
	holder VARCHAR(64) NOT NULL,
	fence BIGINT NOT NULL,
	expires_at FLOAT NOT NULL,
	CONSTRAINT pk_elo_leases PRIMARY KEY (task)
);
CREATE TABLE elo_marks (
	name VARCHAR(32) NOT NULL,
	sequence BIGINT NOT NULL,
	CONSTRAINT pk_elo_marks PRIMARY KEY (name)
);
CREATE TABLE elo_pairs (
	ladder VARCHAR(128) NOT NULL,
	part INTEGER NOT NULL,
	body BLOB NOT NULL,
	CONSTRAINT pk_elo_pairs PRIMARY KEY (ladder, part)
);
CREATE TABLE elo_results (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	match_id VARCHAR(128) NOT NULL,
	payload BLOB NOT NULL,
	CONSTRAINT uq_elo_results_match_id UNIQUE (match_id)
);
CREATE TABLE elo_standings (
	ladder VARCHAR(128) NOT NULL,
	high_water BIGINT NOT NULL,
	matches BIGINT NOT NULL,
	log_nu FLOAT NOT NULL,
	body BLOB NOT NULL, spread BLOB,
	CONSTRAINT pk_elo_standings PRIMARY KEY (ladder)
);
CREATE INDEX ix_elo_gates_ladder ON elo_gates (ladder);
