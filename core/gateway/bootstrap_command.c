/*
 * bootstrap_command.c: the line of sh that starts everything.
 *
 * The login shell may be any (csh, fish, a restricted one), so it sees one
 * command, sh -c '...', in which there is no quote, "!" or newline; what is
 * inside is POSIX sh for dash, bash, ksh and busybox.  It
 *
 * - makes a private folder .xn<pid> on a file system that lets programs run
 *   (by running one), which a trap removes however the shell ends;
 * - says what it found (bootstrap_shell.c has the conversation);
 * - reads the size, and the agent by dd: `head -c` of busybox reads more;
 * - opens the agent, removes the folder and runs what it has opened, so that no
 *   file outlives this moment.  Without /proc it runs it by name: the agent
 *   removes a folder of its own process id by itself, as it does those that a
 *   kill -9 of this shell leaves;
 * - gives the agent the umask that it found: what is made there later is made
 *   as the user's own programs would make it.
 *
 * A wrong exec or redirection with exec ends the shell at once, and the trap
 * for 0 still runs.
 */
#include "core/gateway/bootstrap_command.h"

#include <string.h>

#include <apr_strings.h>

/* @ is the nonce. */
#define START								\
	"o=$(umask); umask 077; echo; m=; n=; w=; "			\
	"c() { test -z \"$m\" || rm -rf \"$m\"; m=; }; "		\
	"trap c 0; trap \"exit 71\" 1 2 13 15; "

#define PLACES								\
	"\"$XDG_RUNTIME_DIR\" /dev/shm /tmp /var/tmp \"$HOME\""

/* A folder of its own for the cache; one that is not ours fails chmod. */
#define CACHE_PLACE							\
	"command -v sha256sum >/dev/null || "				\
	    "{ echo \"XN0 @ nosha\"; exit 71; }; "			\
	"k=$HOME/.cache/syncgate; mkdir -p \"$k\" 2>/dev/null; "	\
	"chmod 700 \"$k\" || { echo \"XN0 @ nodir $k\"; exit 71; }; "

/* Is there room for an agent (below 2 MiB; a test looks)?  What is sent once
 * cannot be sent again. */
#define ROOM								\
	"dd if=/dev/zero of=\"$m/b\" bs=2097152 count=1 2>/dev/null && " \
	    "rm \"$m/b\" && "

#define PROBE(places)							\
	"command -v dd >/dev/null || { echo \"XN0 @ nodd\"; exit 71; }; " \
	"for d in " places "; do "					\
	"case $d in /*) ;; *) continue;; esac; "			\
	"w=\"$w $d\"; m=$d/.xn$$; "					\
	"mkdir -m 700 \"$m\" 2>/dev/null || { m=; continue; }; "	\
	"echo exit 0 >\"$m/a\" && chmod 700 \"$m/a\" && "		\
	"\"$m/a\" 2>/dev/null && " ROOM "{ n=$m; break; }; "		\
	"c; done; "							\
	"test -n \"$n\" || { echo \"XN0 @ nodir$w\"; exit 71; }; "

#define REPORT								\
	"command -v gzip >/dev/null && z=gzip || z=plain; "		\
	"echo \"XN0 @ ok $(uname -s) $(uname -m) $z\"; "		\
	"read -r s h || exit 71; "

/* A plain one that was cut must not run: gzip finds out by itself. */
#define RECEIVE								\
	"if test $z = gzip; then "					\
	"dd bs=$s count=1 iflag=fullblock 2>/dev/null | "		\
	    "gzip -dc >\"$n/a\"; "					\
	"else dd bs=$s count=1 iflag=fullblock >\"$n/a\" 2>/dev/null && " \
	    "test $(wc -c <\"$n/a\") -eq $s; fi && "			\
	"chmod 700 \"$n/a\" && "

#define RUN								\
	"exec 9<\"$n/a\" && umask $o && if test -e /proc/self/fd/9; "	\
	"then c; exec /proc/self/fd/9 @; else exec \"$n/a\" @; fi; "

#define FROM_CACHE							\
	"f=$k/agent-$h; r() { umask $o; if test -e /proc/self/fd/9; "	\
	"then exec /proc/self/fd/9 @; else exec \"$f\" @; fi; }; "	\
	"test -f \"$f\" && exec 9<\"$f\" && "				\
	"test \"$(sha256sum <&9)\" = \"$h  -\" && "			\
	"{ echo \"XN2 @ have\"; c; r; }; "				\
	"echo \"XN2 @ need\"; "

#define RUN_CACHED							\
	"test \"$(sha256sum <\"$n/a\")\" = \"$h  -\" && "		\
	"mv -f \"$n/a\" \"$f\" && exec 9<\"$f\" && c && r; "

#define FAILED								\
	"echo the agent did not arrive whole >&2; exit 71"

static const char once[] =
    "sh -c '" START PROBE(PLACES) REPORT RECEIVE RUN FAILED "'";
static const char cached[] =
    "sh -c '" START CACHE_PLACE PROBE("\"$k\"") REPORT FROM_CACHE RECEIVE
    RUN_CACHED FAILED "'";

const char *
xn_bootstrap_command(const char *nonce, int cache, apr_pool_t *pool)
{
	const char *text = cache ? cached : once, *at;
	const char *command = "";

	while ((at = strchr(text, '@')) != NULL) {
		command = apr_pstrcat(pool, command,
		    apr_pstrmemdup(pool, text, (size_t)(at - text)), nonce,
		    NULL);
		text = at + 1;
	}
	return apr_pstrcat(pool, command, text, NULL);
}
