-- What version 0.1.0 left in plans.sqlite before there were migrations.
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE approvals (
	plan_id VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	decision VARCHAR(10) NOT NULL, 
	evidence VARCHAR(20) NOT NULL, 
	approver VARCHAR(200) NOT NULL, 
	reason TEXT NOT NULL, 
	decided_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (plan_id), 
	FOREIGN KEY(plan_id) REFERENCES plans (id)
);
INSERT INTO "approvals" VALUES('plan_ycbOho0ft97KjfntcDL4cgf9','899f0ff0deafc0772a66c982acecefeea01b08d0954208a085e775b155f2bf8c','approve','elicited','ann','','2026-11-23T03:00:00.000000Z');
INSERT INTO "approvals" VALUES('plan_EnMaaHu73pHlZyw_-_GIQgth','9fe50788fcb9c80603a0cca75b6f1a3c07b80182f600924341defa921a143df7','deny','local_terminal','boss','not now','2026-11-23T03:00:00.000000Z');
CREATE TABLE audit_head (
	number INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "audit_head" VALUES(5,'e316c4b8a3719a07a7b270bdadcb2166f763effe40120eec6ab32965dff32a46');
CREATE TABLE audit_records (
	number INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	plan_id VARCHAR(64) NOT NULL, 
	document TEXT NOT NULL, 
	previous_hash VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "audit_records" VALUES(1,'2026-11-23T03:00:00.000000Z','proposed','plan_ycbOho0ft97KjfntcDL4cgf9','{"action":"update_schedule","arguments":"{\"connection\":\"c1\",\"hours\":6}","digest":"899f0ff0deafc0772a66c982acecefeea01b08d0954208a085e775b155f2bf8c","instance":{"address":"http://airbyte.test/api/public/v1","name":"default"},"requester":"ann","targets":[{"id":"c1","name":"Orders"}]}','0000000000000000000000000000000000000000000000000000000000000000','6f1c2bd60a39c8d570260469b2023a62dad454123bf753044a0b8b66f9ec2d92');
INSERT INTO "audit_records" VALUES(2,'2026-11-23T03:00:00.000000Z','decided','plan_ycbOho0ft97KjfntcDL4cgf9','{"action":"update_schedule","approver":"ann","arguments":"{\"connection\":\"c1\",\"hours\":6}","decided_at":"2026-11-23T03:00:00.000000Z","decision":"approve","digest":"899f0ff0deafc0772a66c982acecefeea01b08d0954208a085e775b155f2bf8c","evidence":"elicited","instance":{"address":"http://airbyte.test/api/public/v1","name":"default"},"plan_id":"plan_ycbOho0ft97KjfntcDL4cgf9","reason":"","requester":"ann","targets":[{"id":"c1","name":"Orders"}]}','6f1c2bd60a39c8d570260469b2023a62dad454123bf753044a0b8b66f9ec2d92','a1d87711f3143930273d2397393f7a0a9acdf88e8dafabaa9a30669bd2080d46');
INSERT INTO "audit_records" VALUES(3,'2026-11-23T03:00:00.000000Z','proposed','plan_EnMaaHu73pHlZyw_-_GIQgth','{"action":"update_schedule","arguments":"{\"connection\":\"c2\",\"hours\":6}","digest":"9fe50788fcb9c80603a0cca75b6f1a3c07b80182f600924341defa921a143df7","instance":{"address":"http://airbyte.test/api/public/v1","name":"default"},"requester":"ann","targets":[{"id":"c2","name":"Orders"}]}','a1d87711f3143930273d2397393f7a0a9acdf88e8dafabaa9a30669bd2080d46','d0a641bbfcd07f342a7261314e4fc966675fb7814bfa6c907c1a61c502557eff');
INSERT INTO "audit_records" VALUES(4,'2026-11-23T03:00:00.000000Z','decided','plan_EnMaaHu73pHlZyw_-_GIQgth','{"action":"update_schedule","approver":"boss","arguments":"{\"connection\":\"c2\",\"hours\":6}","decided_at":"2026-11-23T03:00:00.000000Z","decision":"deny","digest":"9fe50788fcb9c80603a0cca75b6f1a3c07b80182f600924341defa921a143df7","evidence":"local_terminal","instance":{"address":"http://airbyte.test/api/public/v1","name":"default"},"plan_id":"plan_EnMaaHu73pHlZyw_-_GIQgth","reason":"not now","requester":"ann","targets":[{"id":"c2","name":"Orders"}]}','d0a641bbfcd07f342a7261314e4fc966675fb7814bfa6c907c1a61c502557eff','8039516a629682f1176692a435506c224fc96a09995ce61d6818579394f1ba48');
INSERT INTO "audit_records" VALUES(5,'2026-11-23T03:00:00.000000Z','proposed','plan_NNacFyGDWpre552Z06HjktCc','{"action":"update_schedule","arguments":"{\"connection\":\"c3\",\"hours\":6}","digest":"f8ed94ff2cf6688ecd17d140400d8a6e9519835bca011614cd1478d78bdc60f7","instance":{"address":"http://airbyte.test/api/public/v1","name":"default"},"requester":"bob","targets":[{"id":"c3","name":"Orders"}]}','8039516a629682f1176692a435506c224fc96a09995ce61d6818579394f1ba48','e316c4b8a3719a07a7b270bdadcb2166f763effe40120eec6ab32965dff32a46');
CREATE TABLE plans (
	id VARCHAR(64) NOT NULL, 
	requester VARCHAR(200) NOT NULL, 
	wish VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	approve_by VARCHAR(32) NOT NULL, 
	apply_by VARCHAR(32), 
	document TEXT NOT NULL, 
	outcomes TEXT NOT NULL, 
	closing_note TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "plans" VALUES('plan_ycbOho0ft97KjfntcDL4cgf9','ann','924855724b8ea2f89c1aad3c22c53ed29182172eaca259318fdd0ef711bc0fad','899f0ff0deafc0772a66c982acecefeea01b08d0954208a085e775b155f2bf8c','approved','2026-11-23T03:00:00.000000Z','2026-11-23T03:10:00.000000Z','2026-11-23T03:10:00.000000Z','{"id":"plan_ycbOho0ft97KjfntcDL4cgf9","action":"update_schedule","instance":{"name":"default","address":"http://airbyte.test/api/public/v1"},"arguments":"{\"connection\":\"c1\",\"hours\":6}","summary":"Change the schedule of 1 connection","targets":[{"kind":"connection","id":"c1","name":"Orders","workspace_id":null,"changes":[{"field":"schedule","before":"manual","after":"every 6 hours"}],"notes":[]}],"effects":[],"irreversible":[],"warnings":[],"risk":"low","covered":{"c1":{"old":"manual","new":6}}}','[]','');
INSERT INTO "plans" VALUES('plan_EnMaaHu73pHlZyw_-_GIQgth','ann','06893deffe6c01ed33a40eacb28eb243be7251111d900ff1b2eb581dd731a444','9fe50788fcb9c80603a0cca75b6f1a3c07b80182f600924341defa921a143df7','denied','2026-11-23T03:00:00.000000Z','2026-11-23T03:10:00.000000Z',NULL,'{"id":"plan_EnMaaHu73pHlZyw_-_GIQgth","action":"update_schedule","instance":{"name":"default","address":"http://airbyte.test/api/public/v1"},"arguments":"{\"connection\":\"c2\",\"hours\":6}","summary":"Change the schedule of 1 connection","targets":[{"kind":"connection","id":"c2","name":"Orders","workspace_id":null,"changes":[{"field":"schedule","before":"manual","after":"every 6 hours"}],"notes":[]}],"effects":[],"irreversible":[],"warnings":[],"risk":"low","covered":{"c2":{"old":"manual","new":6}}}','[]','not now');
INSERT INTO "plans" VALUES('plan_NNacFyGDWpre552Z06HjktCc','bob','989c5202639e0811cf9828afd66b6da734973bd5f10e6a5496f41eba61763516','f8ed94ff2cf6688ecd17d140400d8a6e9519835bca011614cd1478d78bdc60f7','proposed','2026-11-23T03:00:00.000000Z','2026-11-23T03:10:00.000000Z',NULL,'{"id":"plan_NNacFyGDWpre552Z06HjktCc","action":"update_schedule","instance":{"name":"default","address":"http://airbyte.test/api/public/v1"},"arguments":"{\"connection\":\"c3\",\"hours\":6}","summary":"Change the schedule of 1 connection","targets":[{"kind":"connection","id":"c3","name":"Orders","workspace_id":null,"changes":[{"field":"schedule","before":"manual","after":"every 6 hours"}],"notes":[]}],"effects":[],"irreversible":[],"warnings":[],"risk":"low","covered":{"c3":{"old":"manual","new":6}}}','[]','');
CREATE TABLE refusals (
	plan_id VARCHAR(64) NOT NULL, 
	target_id VARCHAR(200) NOT NULL, 
	action VARCHAR(100) NOT NULL, 
	address TEXT NOT NULL, 
	refused_at VARCHAR(32) NOT NULL, 
	lifted INTEGER NOT NULL, 
	PRIMARY KEY (plan_id, target_id), 
	FOREIGN KEY(plan_id) REFERENCES plans (id)
);
INSERT INTO "refusals" VALUES('plan_EnMaaHu73pHlZyw_-_GIQgth','c2','update_schedule','http://airbyte.test/api/public/v1','2026-11-23T03:00:00.000000Z',0);
CREATE INDEX ix_plans_requester ON plans (requester);
CREATE INDEX ix_plans_state ON plans (state);
CREATE INDEX ix_plans_wish ON plans (wish);
CREATE INDEX ix_audit_records_plan_id ON audit_records (plan_id);
CREATE INDEX ix_refusals_target_id ON refusals (target_id);
COMMIT;
