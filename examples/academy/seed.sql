-- People who have learnt here for five weeks. Their password is nobody's: only the probe's is known.
INSERT INTO users (email, password, registered_at)
  SELECT 'student' || n || '@example.org', '!', now() - n * interval '20 hours' FROM generate_series(1, 40) AS n;
INSERT INTO courses (title, lessons)
  SELECT word, 10 FROM unnest(ARRAY['Algebra', 'Botany', 'Chess', 'Drawing', 'Economics']) AS word;
INSERT INTO completions SELECT n, c, now() - n * interval '1 day'
  FROM generate_series(1, 40) AS n, generate_series(1, 5) AS c WHERE mod(n + c, 5) = 0;
INSERT INTO subscriptions SELECT n, CASE WHEN mod(n, 3) = 0 THEN 'year' ELSE 'month' END,
  CASE WHEN mod(n, 3) = 0 THEN 120 ELSE 12 END, CASE WHEN mod(n, 3) = 0 THEN 12 ELSE 1 END,
  now() - n * interval '2 days', CASE WHEN n = 30 THEN now() - interval '9 days' END
  FROM generate_series(1, 30) AS n;
INSERT INTO payments (user_id, amount, failed, at)
  SELECT n, 12, false, now() - n * interval '2 days' FROM generate_series(1, 30) AS n;
-- Every hour there are four lessons and a login, every fifth hour a course is completed.
INSERT INTO activity SELECT 1 + mod(h * 7 + k, 40), CASE WHEN k < 4 THEN 'lesson' ELSE 'login' END,
  now() - h * interval '1 hour' - k * interval '10 minutes'
  FROM generate_series(0, 839) AS h, generate_series(0, 4) AS k;
INSERT INTO activity SELECT 1 + mod(h, 40), 'completion', now() - h * interval '1 hour'
  FROM generate_series(0, 839, 5) AS h;
