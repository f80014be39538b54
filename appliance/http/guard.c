#include "appliance/http/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

/* ---- By whom and from where --------------------------------------------- */

static int
is_digits(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Is HOST the name NAME, with a port or without? */
static int
is_host(const char *host, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(host, name, n) != 0)
		return 0;
	return host[n] == '\0' || (host[n] == ':' && is_digits(host + n + 1));
}

int
guard_host(const guard_t *guard, const char *host)
{
	if (host == NULL || *host == '\0')
		return 0;
	return !guard->local || is_host(host, "localhost") ||
	    is_host(host, "127.0.0.1") || is_host(host, "[::1]");
}

int
guard_same_site(const guard_t *guard, const char *site, const char *origin,
    const char *host)
{
	const char *scheme = guard->tls ? "https://" : "http://";

	/* A browser says so of itself; no page can have it say another. */
	if (site != NULL)
		return strcmp(site, "same-origin") == 0;
	if (origin == NULL)
		return 1;
	return host != NULL && strncmp(origin, scheme, strlen(scheme)) == 0 &&
	    strcasecmp(origin + strlen(scheme), host) == 0;
}

/* ---- Secrets ------------------------------------------------------------ */

/* TEXT under LABEL, signed with the token. */
static void
sign(char mark[GUARD_MARK], const guard_t *guard, const char *label,
    const char *text)
{
	unsigned char sum[EVP_MAX_MD_SIZE] = { 0 };
	unsigned int n = 0;
	char whole[256];

	snprintf(whole, sizeof(whole), "%s:%s", label, text);
	if (HMAC(EVP_sha256(), guard->token, (int)strlen(guard->token),
	    (const unsigned char *)whole, strlen(whole), sum, &n) == NULL ||
	    n != 32)
		abort();	/* a mark that anybody could make is worse */
	for (unsigned int i = 0; i < n; i++)
		snprintf(mark + 2 * i, 3, "%02x", sum[i]);
}

/* By their marks, which are equally long whatever they are of. */
static int
is_same(const guard_t *guard, const char *a, const char *b)
{
	char one[GUARD_MARK], two[GUARD_MARK];

	if (strlen(a) > 200 || strlen(b) > 200)
		return 0;
	sign(one, guard, "same", a);
	sign(two, guard, "same", b);
	return CRYPTO_memcmp(one, two, sizeof(one)) == 0;
}

int
guard_token(const guard_t *guard, const char *text)
{
	return is_same(guard, guard->token, text);
}

int
guard_bearer(const guard_t *guard, const char *header)
{
	return header != NULL && strncasecmp(header, "Bearer ", 7) == 0 &&
	    guard_token(guard, header + 7);
}

void
guard_cookie_name(char name[GUARD_NAME], const guard_t *guard)
{
	char mark[GUARD_MARK];

	sign(mark, guard, "name", "");
	/* (The prefix has browsers see to it that it came by TLS from us.) */
	snprintf(name, GUARD_NAME, "%ssyncgate-%.8s", guard->tls ? "__Host-" :
	    "", mark);
}

void
guard_session(char session[GUARD_SESSION], const guard_t *guard,
    long long now)
{
	char mark[GUARD_MARK], until[24];

	snprintf(until, sizeof(until), "%lld", now + GUARD_LIFE);
	sign(mark, guard, "session", until);
	snprintf(session, GUARD_SESSION, "%s.%s", until, mark);
}

int
guard_session_is_good(const guard_t *guard, const char *session,
    long long now)
{
	const char *dot = strchr(session, '.');
	char until[24], mark[GUARD_MARK];
	long long end;

	if (dot == NULL || dot == session || dot - session > 18)
		return 0;
	snprintf(until, sizeof(until), "%.*s", (int)(dot - session), session);
	if (!is_digits(until))
		return 0;
	sign(mark, guard, "session", until);
	end = strtoll(until, NULL, 10);
	return is_same(guard, mark, dot + 1) && now < end &&
	    end <= now + GUARD_LIFE;
}

void
guard_mark(char mark[GUARD_MARK], const guard_t *guard, const char *session)
{
	sign(mark, guard, "form", session);
}

int
guard_mark_is_good(const guard_t *guard, const char *session,
    const char *mark)
{
	char right[GUARD_MARK];

	guard_mark(right, guard, session);
	return is_same(guard, right, mark);
}
