-- Tables of the pipeline. Made again by each `init`, and nothing in them is lost by that.
CREATE TABLE IF NOT EXISTS customers (id int PRIMARY KEY, email text);
CREATE TABLE IF NOT EXISTS orders (id int PRIMARY KEY, customer_id int REFERENCES customers, ordered date);
CREATE TABLE IF NOT EXISTS order_lines (
  order_id int REFERENCES orders, line int, sku text, quantity int, price numeric, PRIMARY KEY (order_id, line)
);
CREATE TABLE IF NOT EXISTS daily_totals (ordered date PRIMARY KEY, orders int, total numeric);
CREATE TABLE IF NOT EXISTS backlog (
  id serial PRIMARY KEY, order_id text, answer text NOT NULL, state text NOT NULL DEFAULT 'queued',
  error text, queued timestamptz NOT NULL DEFAULT now(), finished timestamptz
);
CREATE TABLE IF NOT EXISTS syncs (id serial PRIMARY KEY, started timestamptz DEFAULT now(), finished timestamptz);
CREATE TABLE IF NOT EXISTS api_calls (at timestamptz NOT NULL DEFAULT now(), path text, status int);

INSERT INTO customers SELECT n, 'customer' || n || '@example.org' FROM generate_series(1, 5) n
ON CONFLICT DO NOTHING;

-- Turns one answer into rows; what goes wrong stands in its row of the backlog.
CREATE OR REPLACE FUNCTION work(entry int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  given text := (SELECT answer FROM backlog WHERE id = entry);
  told jsonb;
BEGIN
  told := given::jsonb;
  INSERT INTO orders VALUES ((told->>'id')::int, (told->>'customer_id')::int, current_date)
    ON CONFLICT (id) DO UPDATE SET customer_id = excluded.customer_id;
  INSERT INTO order_lines
    SELECT (told->>'id')::int, n, l->>'sku', (l->>'quantity')::int, (l->>'price')::numeric
    FROM jsonb_array_elements(told->'lines') WITH ORDINALITY AS lines(l, n)
    ON CONFLICT (order_id, line) DO UPDATE SET quantity = excluded.quantity, price = excluded.price;
  UPDATE backlog SET state = 'done', error = NULL, finished = clock_timestamp() WHERE id = entry;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  UPDATE backlog SET state = 'failed', error = SQLERRM, finished = clock_timestamp() WHERE id = entry;
  RETURN 'failed: ' || SQLERRM;
END $$;
