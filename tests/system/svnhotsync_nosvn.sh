#!/bin/sh
# The other machine has no Subversion: there, in a mount namespace of its own,
# neither its programs nor its libraries are to be seen.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svn python3 unshare mount
if [ -n "${sanitize:-}" ]; then
	skip_all "the agent of a sanitizer's build is not for ssh"
fi
[ "$(id -u)" -eq 0 ] || skip_all "hiding files takes root"
unshare -m true 2>/dev/null || skip_all "no mount namespaces here"

cd "$tmp" || exit 2
mkrepo source 150 600000 9 50 || exit 1

# What hides: an empty file over each program and library of Subversion.
: >empty
{
	for dir in $(echo "$PATH" | tr : ' ') /usr/bin /bin /usr/local/bin; do
		find "$dir/" -maxdepth 1 -name 'svn*' 2>/dev/null
	done
	find /usr/lib /usr/local/lib /lib -name 'libsvn_*.so*' 2>/dev/null
} | xargs -r readlink -f | sort -u >hidden
check "there is something to hide ($(wc -l <hidden) files)" test -s hidden
sshd_start || exit 1
login hidden <<EOT
exec unshare -m --propagation private sh -c '
	while read -r file; do
		mount --bind "$tmp/empty" "\$file" || exit 1
	done <"$tmp/hidden"
	exec dash -c "\$SSH_ORIGINAL_COMMAND"'
EOT
SSHD_XSPEC=$login
there() {
	ssh -p "$SSHD_PORT" -i "$tmp/key-hidden" -F /dev/null \
	    -o IdentitiesOnly=yes -o BatchMode=yes \
	    -o UserKnownHostsFile="$SSHD_KNOWN_HOSTS" \
	    "$SSHD_USER@127.0.0.1" "$@"
}
check "commands run there" there true
for program in svn svnadmin svnlook svnserve; do
	there "$program --version" >there.out 2>&1 &&
	    grep -q '[0-9]\.[0-9]' there.out &&
	    fail "$program runs there" there.out
done
check_equal "no library of Subversion has a byte there" 0 \
    "$(there "xargs cat <'$tmp/hidden' | wc -c")"
check "here they are as they were" svnadmin info source

hot "$(hot_over_ssh "$tmp/source")" "$tmp/pulled"
check_equal "a repository there is mirrored here" 0 "$?"
same_repo "and the dumps are equal" source pulled
hot "$tmp/source" "$(hot_over_ssh "$tmp/pushed")"
check_equal "one here is mirrored there" 0 "$?"
same_repo "and those dumps are equal" source pushed
hot "$(hot_over_ssh "$tmp/source")" "$(hot_over_ssh "$tmp/across")"
check_equal "and one there, to there" 0 "$?"
same_repo "with equal dumps" source across

svn mkdir -q -m more "file://$tmp/source/more"
hot "$tmp/source" "$(hot_over_ssh "$tmp/pushed")"
check_equal "a commit is carried there" 0 "$?"
same_repo "and all is equal" source pushed
check "the mirror made there verifies here" svnadmin verify -q pushed
finish
