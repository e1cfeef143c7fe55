#!/bin/sh
# Makes what docker-compose.yml expects beside it: secrets, folders, and in .env the user that the containers run as.
# Changes nothing that is there; may be run again at any time.
set -eu
cd "$(dirname "$0")/.."
umask 077

# Files that containers write belong to you. Root is not an option.
uid=${SUDO_UID:-$(id -u)}
gid=${SUDO_GID:-$(id -g)}
if [ "$uid" -eq 0 ]; then
  uid=1000
  gid=1000
fi
touch .env
[ -z "$(tail -c 1 .env)" ] || echo >>.env # its last line may lack its end
# What Compose will take: the shell's, else what .env says.
setting() { printenv "$1" || sed -n "s/^$1=//p" .env | tail -n 1 | tr -d "\"'"; }
grep -q '^TIEOUT_UID=' .env || printf 'TIEOUT_UID=%s\n' "$uid" >>.env
grep -q '^TIEOUT_GID=' .env || printf 'TIEOUT_GID=%s\n' "$gid" >>.env
uid=$(setting TIEOUT_UID)
gid=$(setting TIEOUT_GID)

data=$(setting TIEOUT_DATA_DIR)
data=${data:-data}
case "$data" in "~/"*) data=$HOME/${data#"~/"} ;; esac
secrets=deploy/local/secrets
mkdir -p "$data/inbox" deploy/local/ib-gateway "$secrets"

# The database's password is nobody's business: it is made here, and written in the two forms that are read.
if [ ! -s "$secrets/postgres_password" ]; then
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$secrets/postgres_password"
fi
if [ ! -s "$secrets/pgpass" ]; then
  printf '*:*:*:tieout:%s\n' "$(cat "$secrets/postgres_password")" >"$secrets/pgpass"
fi
touch "$secrets/flex_token" "$secrets/tws_password"
touch "$secrets/fred_api_key" "$secrets/polygon_api_key" "$secrets/stooq_api_key"

# The folder keeps others out. Inside it the files may be read: containers have users of their own. PostgreSQL's
# clients refuse a pgpass that others may read.
chmod 700 deploy/local "$secrets"
chmod 644 "$secrets/postgres_password" "$secrets/flex_token" "$secrets/tws_password"
chmod 644 "$secrets/fred_api_key" "$secrets/polygon_api_key" "$secrets/stooq_api_key"
chmod 600 "$secrets/pgpass"
if [ "$(id -u)" -eq 0 ]; then
  chown "$uid:$gid" .env "$data" "$data/inbox"
  chown -R "$uid:$gid" deploy/local
fi

echo "The containers run as $uid:$gid; the data folder is $data."
echo "Secrets are in $secrets: write the Flex token into flex_token the password of TWS into tws_password, keys of market data into fred_api_key, polygon_api_key, stooq_api_key, if you use them."
if [ "$uid" -ne 1000 ]; then
  echo "IB Gateway's image runs as user 1000: if you use it, sudo chown 1000:1000 deploy/local/ib-gateway"
fi
