# What the steps share: the database, the provider, and notes that `obskit run` reads.
set -euo pipefail

sql() { psql "$DATABASE_URL" -X -q -At -v ON_ERROR_STOP=1 "$@"; }

# note progress 3 10, note count rows=5, …: without `obskit run` it goes nowhere.
note() { echo "$*" >>"${OBSKIT_NOTES:-/dev/null}"; }

# page NUMBER FILE: a page of orders. The token is not among the arguments, which everybody may see.
page() {
  local status
  status=$(curl -sS --max-time 10 -D "$2.headers" -o "$2" -w '%{http_code}' \
    -H @<(printf 'Authorization: Bearer %s' "$(cat "$PIPELINE_DATA/token")") \
    "$PROVIDER_URL/orders?page=$1")
  sql -c "INSERT INTO api_calls (path, status) VALUES ('/orders', $status)"
  [[ $status != 401 && $status != 429 ]] || note refused "$status" provider
  [[ $status == 200 ]] || { echo "page $1 answered $status: $(cat "$2")" >&2; return 1; }
}
