#!/bin/sh
# manual-options.sh PLUGIN [SYNCGATE]: the table of a plugin's options for the
# manual page, made of what `syncgate plugins PLUGIN` says.
set -eu
"${2:-syncgate}" plugins "$1" | awk '
/^  [a-z]/ {
	name = $1
	line = $0
	sub(/^  [a-z0-9-]+ = /, "", line)
	gsub(/ +\(/, " (", line)
	gsub(/-/, "\\-", name)
	printf ".TP\n.BR %s \" = %s\"\n", name, line
	next
}
/^      / {
	sub(/^ +/, "")
	print
}'
