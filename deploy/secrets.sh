#!/bin/sh
# Makes a random password for each secret of docker-compose.yml that is not there yet.
#
#     deploy/secrets.sh [FOLDER]
#
# The folder is its owner's alone. The files in it can be read by all who see them: in a container that
# is another user, and Docker hands a file over as it is.
set -eu
folder=${1:-.txcat/secrets}
mkdir -p "$folder"
chmod 700 "$folder"
for name in postgres_password txcat_owner_password txcat_writer_password dagster_postgres_password; do
    [ -e "$folder/$name" ] && continue
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$name.part"
    chmod 444 "$folder/$name.part"
    mv "$folder/$name.part" "$folder/$name"
done
