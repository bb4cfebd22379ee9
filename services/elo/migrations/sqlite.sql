CREATE TABLE alembic_version_elo (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_elo_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version_elo" VALUES('0001');
CREATE TABLE elo_results (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	match_id VARCHAR(128) NOT NULL,
	payload_hash VARCHAR(64) NOT NULL,
	payload TEXT NOT NULL,
	CONSTRAINT uq_elo_results_match_id UNIQUE (match_id)
);
