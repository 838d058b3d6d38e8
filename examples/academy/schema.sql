CREATE TABLE IF NOT EXISTS users (
  id serial PRIMARY KEY, email text UNIQUE NOT NULL, password text NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS courses (id serial PRIMARY KEY, title text NOT NULL, lessons int NOT NULL);
CREATE TABLE IF NOT EXISTS completions (
  user_id int NOT NULL, course_id int NOT NULL, at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, course_id));
CREATE TABLE IF NOT EXISTS subscriptions (
  user_id int PRIMARY KEY, plan text NOT NULL, price numeric NOT NULL, months int NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz);
CREATE TABLE IF NOT EXISTS payments (
  id serial PRIMARY KEY, user_id int NOT NULL, amount numeric NOT NULL, failed boolean NOT NULL,
  at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS activity (
  user_id int NOT NULL, kind text NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE INDEX IF NOT EXISTS activity_at ON activity (at);
