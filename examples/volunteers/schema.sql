-- What the office keeps, and begins with: made up, and the same each time.
CREATE TABLE teachers (
    id INTEGER PRIMARY KEY, name TEXT, email TEXT, pin TEXT, school TEXT, is_staff INTEGER NOT NULL);
CREATE TABLE students (
    id INTEGER PRIMARY KEY, name TEXT, grade INTEGER, teacher_id INTEGER REFERENCES teachers);
CREATE TABLE organizations (id INTEGER PRIMARY KEY, name TEXT, kind TEXT, email TEXT);
CREATE TABLE volunteers (
    id INTEGER PRIMARY KEY, name TEXT, email TEXT, organization_id INTEGER REFERENCES organizations);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, title TEXT, status TEXT, ends_at TEXT,
    organization_id INTEGER REFERENCES organizations);
CREATE TABLE assignments (
    event_id INTEGER REFERENCES events, volunteer_id INTEGER REFERENCES volunteers);
CREATE TABLE participations (
    id INTEGER PRIMARY KEY, event_id INTEGER REFERENCES events,
    volunteer_id INTEGER REFERENCES volunteers, status TEXT, hours REAL, recorded_at TEXT);
CREATE INDEX hours_of_volunteers ON participations (volunteer_id, hours);
CREATE TABLE communications (
    id INTEGER PRIMARY KEY, volunteer_id INTEGER REFERENCES volunteers, subject TEXT, sent_at TEXT);
CREATE TABLE emails (id INTEGER PRIMARY KEY, recipient TEXT, subject TEXT, state TEXT, changed_at TEXT);
-- When a source was last read whole, whether there was something new or not.
CREATE TABLE syncs (source TEXT, finished_at TEXT);
-- What a teacher is shown.
CREATE VIEW visible_students AS SELECT teacher_id AS viewer_id, students.* FROM students;

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12)
INSERT INTO teachers
SELECT i, 'Teacher ' || i, 'teacher' || i || '@example.org', 1000 + i, 'School ' || (i % 4 + 1), i = 1 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8)
INSERT INTO organizations
SELECT i, 'Organization ' || i, 'business', 'org' || i || '@example.org' FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
INSERT INTO volunteers
SELECT i, 'Volunteer ' || i, 'volunteer' || i || '@example.org', i % 8 + 1 FROM n;
INSERT INTO assignments SELECT id % 60 + 1, id FROM volunteers WHERE id <= 120;
INSERT INTO emails
SELECT id, email, 'Welcome', 'sent', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-2 days') FROM volunteers;

-- What an import may leave behind. No row of these views is right.
CREATE VIEW completed_yet_scheduled AS
SELECT id, title, status, ends_at FROM events
WHERE status = 'Scheduled' AND datetime(ends_at) < datetime('now');
CREATE VIEW attended_without_hours AS
SELECT id, event_id, volunteer_id FROM participations WHERE status = 'Attended' AND coalesce(hours, 0) <= 0;
CREATE VIEW events_without_participation AS
SELECT id, title FROM events
WHERE id IN (SELECT event_id FROM assignments) AND id NOT IN (SELECT event_id FROM participations);

-- What is right of each row, entity by entity, dimension by dimension.
CREATE VIEW quality AS
SELECT 'volunteers' AS entity, 'completeness' AS dimension, id, (name <> '' AND email <> '') IS TRUE AS is_right
FROM volunteers
UNION ALL SELECT 'volunteers', 'types', id, (email LIKE '_%@_%._%') IS TRUE FROM volunteers
UNION ALL SELECT 'volunteers', 'relationships', id, organization_id IN (SELECT id FROM organizations) IS TRUE
FROM volunteers
UNION ALL SELECT 'volunteers', 'business-rules', id,
    id NOT IN (SELECT volunteer_id FROM participations WHERE hours > 12) FROM volunteers
UNION ALL SELECT 'organizations', 'completeness', id, (name <> '' AND kind <> '') IS TRUE FROM organizations
UNION ALL SELECT 'organizations', 'types', id, (email LIKE '_%@_%._%') IS TRUE FROM organizations
UNION ALL SELECT 'organizations', 'relationships', id, id IN (SELECT organization_id FROM volunteers)
FROM organizations
UNION ALL SELECT 'organizations', 'business-rules', id, (kind IN ('business', 'college', 'nonprofit')) IS TRUE
FROM organizations
UNION ALL SELECT 'events', 'completeness', id, (title <> '' AND status <> '' AND ends_at <> '') IS TRUE FROM events
UNION ALL SELECT 'events', 'types', id, datetime(ends_at) IS NOT NULL FROM events
UNION ALL SELECT 'events', 'relationships', id, organization_id IN (SELECT id FROM organizations) IS TRUE FROM events
UNION ALL SELECT 'events', 'business-rules', id, id NOT IN (SELECT id FROM completed_yet_scheduled) FROM events
UNION ALL SELECT 'students', 'completeness', id, (name <> '' AND grade IS NOT NULL) IS TRUE FROM students
UNION ALL SELECT 'students', 'types', id, typeof(grade) = 'integer' FROM students
UNION ALL SELECT 'students', 'relationships', id, teacher_id IN (SELECT id FROM teachers) IS TRUE FROM students
UNION ALL SELECT 'students', 'business-rules', id, (grade BETWEEN 1 AND 12) IS TRUE FROM students
UNION ALL SELECT 'teachers', 'completeness', id, (name <> '' AND school <> '') IS TRUE FROM teachers
UNION ALL SELECT 'teachers', 'types', id, (email LIKE '_%@_%._%') IS TRUE FROM teachers
UNION ALL SELECT 'teachers', 'relationships', id, id IN (SELECT teacher_id FROM students) FROM teachers
UNION ALL SELECT 'teachers', 'business-rules', id,
    email IN (SELECT email FROM teachers GROUP BY 1 HAVING count(*) = 1) IS TRUE FROM teachers;
CREATE VIEW issues AS
SELECT CASE dimension WHEN 'relationships' THEN 'critical' WHEN 'completeness' THEN 'error' ELSE 'warning' END AS level,
    entity || ' ' || id AS subject, dimension
FROM quality WHERE NOT is_right;
