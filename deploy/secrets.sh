#!/bin/sh
# Makes a random password for each secret of docker-compose.yml that is not there yet.
#
#     deploy/secrets.sh [FOLDER [MODE]]
#
# The folder is its owner's alone. Without another MODE the files in it can be read by all who see them:
# in a container that is another user, and Docker hands a file over as it is.
set -eu
folder=${1:-.txcat/secrets} mode=${2:-444}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"
for name in postgres_password txcat_owner_password txcat_writer_password txcat_api_password \
    dagster_postgres_password; do
    if [ -e "$folder/$name" ]; then
        chmod "$mode" "$folder/$name"
        continue
    fi
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$name.part"
    chmod "$mode" "$folder/$name.part"
    mv "$folder/$name.part" "$folder/$name"
done
