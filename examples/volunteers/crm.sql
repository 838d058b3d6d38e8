-- The CRM that the imports read: made up, and the same each time but for its dates.
CREATE TABLE events (id INTEGER, title TEXT, status TEXT, ends_at TEXT, organization_id INTEGER);
CREATE TABLE sessions (
    id INTEGER, event_id INTEGER, volunteer_id INTEGER, status TEXT, hours REAL, recorded_at TEXT);
CREATE TABLE communications (id INTEGER, volunteer_id INTEGER, subject TEXT, sent_at TEXT);
CREATE TABLE roster (id INTEGER, name TEXT, grade INTEGER, teacher_id INTEGER);

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
INSERT INTO events
SELECT i, 'Career talk ' || i, 'Completed', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', (-i) || ' days'), i % 8 + 1
FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
INSERT INTO sessions
SELECT i, i % 60 + 1, i, iif(i % 10 = 0, 'No Show', 'Attended'), iif(i % 10 = 0, 0, 1.5),
    strftime('%Y-%m-%dT%H:%M:%SZ', 'now', (-(i % 60 + 1)) || ' days')
FROM n;
INSERT INTO communications SELECT id, id, 'Thank you', ends_at FROM events;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
INSERT INTO roster SELECT i, 'Student ' || i, i % 12 + 1, i % 12 + 1 FROM n;
