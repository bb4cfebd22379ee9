CREATE TABLE alembic_version_matchmaker (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_matchmaker_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version_matchmaker" VALUES('0007');
CREATE TABLE matchmaker_anchors (
	ladder VARCHAR(128) NOT NULL,
	bots VARCHAR(512) NOT NULL,
	matches INTEGER NOT NULL,
	CONSTRAINT pk_matchmaker_anchors PRIMARY KEY (ladder, bots)
);
CREATE TABLE matchmaker_entries (
	position INTEGER NOT NULL,
	tournament_id VARCHAR(96) NOT NULL,
	"key" VARCHAR(32) NOT NULL,
	number INTEGER NOT NULL,
	score FLOAT NOT NULL,
	forfeit VARCHAR(8) NOT NULL,
	time FLOAT NOT NULL,
	CONSTRAINT pk_matchmaker_entries PRIMARY KEY (position),
	CONSTRAINT uq_matchmaker_entries_tournament_id_key_number UNIQUE (tournament_id, "key", number)
);
CREATE TABLE matchmaker_forms (
	student VARCHAR(128) NOT NULL,
	opponent VARCHAR(128) NOT NULL,
	score FLOAT NOT NULL,
	weight FLOAT NOT NULL,
	games BIGINT NOT NULL, revision BIGINT DEFAULT '0' NOT NULL,
	CONSTRAINT pk_matchmaker_forms PRIMARY KEY (student, opponent)
);
CREATE TABLE matchmaker_gates (
	position INTEGER NOT NULL,
	gate_id VARCHAR(96) NOT NULL,
	request_id VARCHAR(128) NOT NULL,
	name VARCHAR(64) NOT NULL,
	state VARCHAR(16) NOT NULL,
	revision BIGINT NOT NULL,
	run JSON NOT NULL,
	CONSTRAINT pk_matchmaker_gates PRIMARY KEY (position),
	CONSTRAINT uq_matchmaker_gates_gate_id UNIQUE (gate_id),
	CONSTRAINT uq_matchmaker_gates_request_id UNIQUE (request_id)
);
CREATE TABLE matchmaker_leaders (
	task VARCHAR(64) NOT NULL,
	owner VARCHAR(64) NOT NULL,
	fence BIGINT NOT NULL,
	expire_time FLOAT NOT NULL,
	CONSTRAINT pk_matchmaker_leaders PRIMARY KEY (task)
);
CREATE TABLE matchmaker_matches (
	match_id VARCHAR(128) NOT NULL,
	ladder VARCHAR(128) NOT NULL,
	game VARCHAR(64) NOT NULL,
	settings JSON NOT NULL,
	participants JSON NOT NULL,
	seed BIGINT NOT NULL,
	create_time FLOAT NOT NULL,
	state VARCHAR(16) NOT NULL,
	fence BIGINT NOT NULL,
	attempts INTEGER NOT NULL,
	worker VARCHAR(128) NOT NULL,
	expire_time FLOAT NOT NULL,
	end_time FLOAT NOT NULL, gate_id VARCHAR(96) DEFAULT '' NOT NULL, lease_seconds FLOAT DEFAULT '0' NOT NULL, rule VARCHAR(16) DEFAULT '' NOT NULL, bits FLOAT DEFAULT '0' NOT NULL, lease_time FLOAT DEFAULT '0' NOT NULL, audit VARCHAR(16) DEFAULT '' NOT NULL, score FLOAT DEFAULT '0' NOT NULL,
	CONSTRAINT pk_matchmaker_matches PRIMARY KEY (match_id)
);
CREATE TABLE matchmaker_numbers (
	id INTEGER NOT NULL,
	instance VARCHAR(36) NOT NULL,
	next_number BIGINT NOT NULL, revision BIGINT DEFAULT '0' NOT NULL,
	CONSTRAINT pk_matchmaker_numbers PRIMARY KEY (id)
);
CREATE TABLE matchmaker_presences (
	tournament_id VARCHAR(96) NOT NULL,
	player VARCHAR(128) NOT NULL,
	until FLOAT NOT NULL,
	CONSTRAINT pk_matchmaker_presences PRIMARY KEY (tournament_id, player)
);
CREATE TABLE matchmaker_requests (
	id INTEGER NOT NULL,
	request_id VARCHAR(128) NOT NULL,
	CONSTRAINT pk_matchmaker_requests PRIMARY KEY (id),
	CONSTRAINT uq_matchmaker_requests_request_id UNIQUE (request_id)
);
CREATE TABLE matchmaker_served (
	match_id VARCHAR(128) NOT NULL,
	session VARCHAR(128) NOT NULL,
	experiment_id VARCHAR(64) NOT NULL,
	player VARCHAR(128) NOT NULL,
	since FLOAT NOT NULL,
	CONSTRAINT pk_matchmaker_served PRIMARY KEY (match_id, session)
);
CREATE TABLE matchmaker_tickets (
	ticket_id VARCHAR(36) NOT NULL,
	ticket TEXT NOT NULL,
	CONSTRAINT pk_matchmaker_tickets PRIMARY KEY (ticket_id)
);
CREATE TABLE matchmaker_tournaments (
	position INTEGER NOT NULL,
	tournament_id VARCHAR(96) NOT NULL,
	request_id VARCHAR(128) NOT NULL,
	name VARCHAR(64) NOT NULL,
	state VARCHAR(16) NOT NULL,
	revision BIGINT NOT NULL,
	run JSON NOT NULL,
	CONSTRAINT pk_matchmaker_tournaments PRIMARY KEY (position),
	CONSTRAINT uq_matchmaker_tournaments_tournament_id UNIQUE (tournament_id),
	CONSTRAINT uq_matchmaker_tournaments_request_id UNIQUE (request_id)
);
CREATE TABLE matchmaker_worker_events (
	position INTEGER NOT NULL,
	worker VARCHAR(128) NOT NULL,
	time FLOAT NOT NULL,
	quarantined BOOLEAN NOT NULL,
	rule VARCHAR(16) NOT NULL,
	reason VARCHAR(1024) NOT NULL,
	evidence JSON NOT NULL,
	starter VARCHAR(128) NOT NULL,
	key_id VARCHAR(64) NOT NULL,
	CONSTRAINT pk_matchmaker_worker_events PRIMARY KEY (position)
);
CREATE INDEX ix_matchmaker_forms_revision ON matchmaker_forms (revision);
CREATE INDEX ix_matchmaker_matches_state_create_time ON matchmaker_matches (state, create_time, match_id);
CREATE INDEX ix_matchmaker_matches_state_expire_time ON matchmaker_matches (state, expire_time);
CREATE INDEX ix_matchmaker_matches_state_end_time ON matchmaker_matches (state, end_time);
CREATE INDEX ix_matchmaker_matches_gate_id ON matchmaker_matches (gate_id, state);
CREATE INDEX ix_matchmaker_gates_state ON matchmaker_gates (state, position);
CREATE INDEX ix_matchmaker_gates_name ON matchmaker_gates (name, position);
CREATE INDEX ix_matchmaker_tournaments_state ON matchmaker_tournaments (state, position);
CREATE INDEX ix_matchmaker_entries_tournament ON matchmaker_entries (tournament_id, position);
CREATE INDEX ix_matchmaker_matches_worker ON matchmaker_matches (worker, state);
CREATE INDEX ix_matchmaker_matches_audit ON matchmaker_matches (audit, state, end_time);
CREATE INDEX ix_matchmaker_worker_events_worker ON matchmaker_worker_events (worker, position);
