#!/bin/sh
# Print a C header that holds text files as byte arrays, each with a NUL behind
# it: embed.sh NAME=FILE...
set -eu
echo "/* Made by agent/embed.sh; do not edit. */"
for pair in "$@"; do
	printf 'static const unsigned char %s[] = {\n' "${pair%%=*}"
	od -An -v -tu1 "${pair#*=}" | sed 's/  */,/g; s/^,//; s/$/,/'
	echo '0 };'
done
