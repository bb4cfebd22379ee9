CREATE TABLE alembic_version_game (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_game_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version_game" VALUES('0005');
CREATE TABLE game_claims (
	match_id VARCHAR(128) NOT NULL,
	fence BIGINT NOT NULL,
	instance VARCHAR(64) NOT NULL,
	claim_time FLOAT NOT NULL,
	CONSTRAINT pk_game_claims PRIMARY KEY (match_id)
);
CREATE TABLE game_finished_matches (
	match_id VARCHAR(128) NOT NULL,
	finish_time FLOAT NOT NULL,
	CONSTRAINT pk_game_finished_matches PRIMARY KEY (match_id)
);
CREATE TABLE game_outbox (
	position INTEGER NOT NULL,
	match_id VARCHAR(128) NOT NULL,
	result BLOB NOT NULL,
	refused TEXT, visible_time FLOAT DEFAULT '0' NOT NULL, trace VARCHAR(64),
	CONSTRAINT pk_game_outbox PRIMARY KEY (position),
	CONSTRAINT uq_game_outbox_match_id UNIQUE (match_id)
);
CREATE TABLE game_replay_players (
	participant VARCHAR(128) NOT NULL,
	position BIGINT NOT NULL,
	CONSTRAINT pk_game_replay_players PRIMARY KEY (participant, position)
);
CREATE TABLE game_replays (
	position INTEGER NOT NULL,
	game_id VARCHAR(160) NOT NULL,
	match_id VARCHAR(128) NOT NULL,
	game VARCHAR(256) NOT NULL,
	rules_hash VARCHAR(64) NOT NULL,
	participants TEXT NOT NULL,
	scores JSON NOT NULL,
	steps INTEGER NOT NULL,
	truncated BOOLEAN NOT NULL,
	rated BOOLEAN NOT NULL,
	finish_time FLOAT NOT NULL,
	file VARCHAR(64) NOT NULL,
	file_index INTEGER NOT NULL,
	CONSTRAINT pk_game_replays PRIMARY KEY (position),
	CONSTRAINT uq_game_replays_game_id UNIQUE (game_id)
);
CREATE INDEX ix_game_outbox_refused ON game_outbox (refused, position);
CREATE INDEX ix_game_replays_file ON game_replays (file);
CREATE INDEX ix_game_finished_matches_finish_time ON game_finished_matches (finish_time);
CREATE INDEX ix_game_claims_claim_time ON game_claims (claim_time);
CREATE INDEX ix_game_replays_match_id ON game_replays (match_id, position);
CREATE INDEX ix_game_replays_game ON game_replays (game, position);
CREATE INDEX ix_game_replay_players_position ON game_replay_players (position);
