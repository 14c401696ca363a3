#!/bin/sh
# Brings both databases to what this code needs, and ends: Dagster's instance, then the warehouse.
set -eu
dagster instance migrate >/dev/null # it tells every setting; trouble goes to standard error
txcat upgrade
