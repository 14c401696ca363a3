#!/bin/sh
# Starts nginx before Dagster's UI, by the configuration beside this file.
#
#     UI_HOST    the name in the address bar, such as txcat.example.org
#     UI_PORT    the port in the address bar
#     FILES      the folder of certificate.pem, key.pem and passwords
#     WEBSERVER  host and port of the web server
#     LISTEN     the port to listen on, or an address and a port
#     FOLDER     a folder that nginx may write to
set -eu
files=${FILES:-/etc/txcat/proxy} folder=${FOLDER:-/tmp}
case ${UI_HOST:-} in
'' | *[!A-Za-z0-9.-]*)
    echo "proxy: UI_HOST must be the name by which users reach the UI, found '${UI_HOST:-}'" >&2
    exit 2
    ;;
esac
for name in certificate.pem key.pem passwords; do
    [ -r "$files/$name" ] || { echo "proxy: cannot read $files/$name; docs/security.md says how to make it" >&2; exit 2; }
done
sed -e "s|@UI_HOST@|$UI_HOST|g" -e "s|@UI_PORT@|${UI_PORT:-443}|g" -e "s|@FILES@|$files|g" \
    -e "s|@WEBSERVER@|${WEBSERVER:-webserver:3000}|g" -e "s|@LISTEN@|${LISTEN:-8443}|g" \
    -e "s|@FOLDER@|$folder|g" "$(dirname "$0")/nginx.conf" >"$folder/nginx.conf"
exec nginx -c "$folder/nginx.conf" -g 'daemon off;'
