#!/bin/bash
# Exit 0 if IB Gateway answers the API's handshake, as it does only while it is logged in. The health check of ib-gateway.
# It asks the Gateway's own port, 4002 paper, 4001 live: what listens on 4003 and 4004 takes any connection.
set -u
case "${TRADING_MODE:-paper}" in
  live) port=4001 ;;
  *) port=4002 ;;
esac

if ! exec 3<>"/dev/tcp/127.0.0.1/$port"; then
  echo "nothing listens on $port"
  exit 1
fi
# "API", a zero byte, then a frame: its length in four bytes, and the versions that we know. The answer is a frame, too,
# and begins with the Gateway's version.
printf 'API\0\0\0\0\011v157..176' >&3
version=$(timeout 5 head -c 7 <&3 | tail -c 3)
case "$version" in
  [0-9][0-9][0-9]) echo "the Gateway answers on $port with version $version" ;;
  *)
    echo "what listens on $port does not answer: is the Gateway logged in?"
    exit 1
    ;;
esac
