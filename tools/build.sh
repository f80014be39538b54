#!/bin/sh
# build.sh [FOLDER [CONFIGURE ARGUMENT...]]: build into FOLDER (build/).
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/common.sh"

folder=${1:-build}
[ $# -eq 0 ] || shift
prepare
configure_in "$folder" "$@"
make_in "$folder"
