/*
 * ssh_sign.c: signs with an RSA or ECDSA key file by libcrypto.
 *
 * libssh2 before 1.11 signs with RSA by SHA-1 only, which servers refuse, and
 * loses memory with ECDSA.  Ed25519 files are left to it.
 *
 * The secret part of an OpenSSH file, behind what ssh_key.c has read:
 *	uint32 check  uint32 check  string type
 *	ssh-rsa: mpint n, e, d, ...	ecdsa-*: string curve, point; mpint d
 */
#include "core/transport/ssh.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

static const struct curve {
	const char *type, *name, *group;
	const EVP_MD *(*digest)(void);
} curves[] = {
	{ "ecdsa-sha2-nistp256", "nistp256", "prime256v1", EVP_sha256 },
	{ "ecdsa-sha2-nistp384", "nistp384", "secp384r1", EVP_sha384 },
	{ "ecdsa-sha2-nistp521", "nistp521", "secp521r1", EVP_sha512 },
};

static const struct curve *
find_curve(const char *group)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(curves[i].group, group) == 0 ||
		    strcmp(curves[i].type, group) == 0)
			return &curves[i];
	return NULL;
}

/* Bytes that are taken apart from the front. */
struct rest {
	const uint8_t *p;
	size_t n;
	int bad;
};

static const uint8_t *
take(struct rest *r, size_t *length)
{
	const uint8_t *out;
	uint32_t size = r->n < 4 ? 0 : xn_get_u32(r->p);

	if (r->bad || r->n < 4 || size > r->n - 4) {
		r->bad = 1;
		*length = 0;
		return NULL;
	}
	out = r->p + 4;
	*length = size;
	r->p += 4 + size;
	r->n -= 4 + size;
	return out;
}

static BIGNUM *
take_number(struct rest *r)
{
	size_t n;
	const uint8_t *p = take(r, &n);
	BIGNUM *number = p != NULL && n <= 4096 ?
	    BN_secure_new() : NULL;

	return number == NULL ? NULL : BN_bin2bn(p, (int)n, number);
}

static EVP_PKEY *
from_params(const char *algorithm, OSSL_PARAM_BLD *build)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
	EVP_PKEY *pkey = NULL;

	if (params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

static EVP_PKEY *
make_rsa(struct rest *r, OSSL_PARAM_BLD *build)
{
	BIGNUM *n = take_number(r), *e = take_number(r), *d = take_number(r);
	EVP_PKEY *pkey = NULL;

	if (n != NULL && e != NULL && d != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, d) == 1)
		pkey = from_params("RSA", build);
	BN_free(n);
	BN_free(e);
	BN_clear_free(d);
	return pkey;
}

static EVP_PKEY *
make_ecdsa(struct rest *r, const struct curve *curve, OSSL_PARAM_BLD *build)
{
	size_t name_n, point_n;
	const uint8_t *point;
	BIGNUM *d;
	EVP_PKEY *pkey = NULL;

	take(r, &name_n);
	point = take(r, &point_n);
	d = take_number(r);
	if (point != NULL && d != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
	    curve->group, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
	    point, point_n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1)
		pkey = from_params("EC", build);
	BN_clear_free(d);
	return pkey;
}

/* From the secret part of an OpenSSH file; NULL if it is another kind. */
static EVP_PKEY *
from_openssh(const uint8_t *secret, size_t n, apr_pool_t *pool)
{
	struct rest r = { secret, n, 0 };
	OSSL_PARAM_BLD *build;
	const struct curve *curve;
	const char *type;
	EVP_PKEY *pkey = NULL;
	size_t length;

	if (n < 8 || memcmp(secret, secret + 4, 4) != 0)
		return NULL;
	r.p += 8;
	r.n -= 8;
	type = xn_ssh__blob_type(r.p, r.n, pool);
	take(&r, &length);
	curve = find_curve(type);
	if (r.bad || (build = OSSL_PARAM_BLD_new()) == NULL)
		return NULL;
	if (strcmp(type, "ssh-rsa") == 0)
		pkey = make_rsa(&r, build);
	else if (curve != NULL)
		pkey = make_ecdsa(&r, curve, build);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

/* Never ask on a terminal. */
static int
no_passphrase(char *buffer, int size, int writing, void *baton)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)baton;
	return -1;
}

static EVP_PKEY *
from_pem(const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	EVP_PKEY *pkey = bio == NULL ? NULL :
	    PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);

	BIO_free(bio);
	return pkey;
}

static size_t
put_string(uint8_t *out, const void *bytes, size_t n)
{
	xn_set_u32(out, (uint32_t)n);
	memcpy(out + 4, bytes, n);
	return 4 + n;
}

/* A number as SSH writes it: a zero in front where it would be negative. */
static size_t
put_number(uint8_t *out, const BIGNUM *number)
{
	size_t n = (size_t)BN_num_bytes(number);
	size_t zero = n > 0 && BN_num_bits(number) % 8 == 0;

	xn_set_u32(out, (uint32_t)(n + zero));
	out[4] = 0;
	BN_bn2bin(number, out + 4 + zero);
	return 4 + zero + n;
}

static const struct curve *
curve_of(const EVP_PKEY *pkey)
{
	char group[64] = "";

	EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL);
	return find_curve(group);
}

/* The public half as a blob, in POOL; 0 if the kind is not ours. */
static size_t
make_blob(uint8_t **out, const EVP_PKEY *pkey, apr_pool_t *pool)
{
	const struct curve *curve = curve_of(pkey);
	BIGNUM *n = NULL, *e = NULL;
	uint8_t point[256], *p;
	size_t length = 0, point_n;

	p = *out = apr_palloc(pool, 8192);
	if (EVP_PKEY_is_a(pkey, "RSA") && EVP_PKEY_get_bits(pkey) <= 16384 &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1) {
		length = put_string(p, "ssh-rsa", 7);
		length += put_number(p + length, e);
		length += put_number(p + length, n);
	} else if (curve != NULL && EVP_PKEY_get_octet_string_param(pkey,
	    OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &point_n) == 1) {
		length = put_string(p, curve->type, strlen(curve->type));
		length += put_string(p + length, curve->name,
		    strlen(curve->name));
		length += put_string(p + length, point, point_n);
	}
	BN_free(n);
	BN_free(e);
	return length;
}

static apr_status_t
free_pkey(void *baton)
{
	EVP_PKEY_free(baton);
	return APR_SUCCESS;
}

int
xn_ssh__file_signer(xn_ssh_key_t *key, apr_pool_t *pool)
{
	EVP_PKEY *pkey = key->openssh ?
	    from_openssh(key->secret, key->secret_n, pool) :
	    from_pem(key->text);
	uint8_t *blob;
	size_t n;

	if (pkey == NULL)
		return 0;
	apr_pool_cleanup_register(pool, pkey, free_pkey,
	    apr_pool_cleanup_null);
	n = make_blob(&blob, pkey, pool);
	if (n == 0)
		return 0;
	key->pkey = pkey;
	key->blob = blob;
	key->n = n;
	return 1;
}

/* ECDSA: libcrypto's DER becomes two numbers. */
static int
split_der(unsigned char **signature, size_t *length)
{
	const unsigned char *p = *signature;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)*length);
	unsigned char *out = malloc(512);

	if (pair == NULL || out == NULL) {
		ECDSA_SIG_free(pair);
		free(out);
		return -1;
	}
	*length = put_number(out, ECDSA_SIG_get0_r(pair));
	*length += put_number(out + *length, ECDSA_SIG_get0_s(pair));
	ECDSA_SIG_free(pair);
	free(*signature);
	*signature = out;
	return 0;
}

int
xn_ssh__file_sign(LIBSSH2_SESSION *session, unsigned char **signature,
    size_t *length, const unsigned char *data, size_t n, void **abstract)
{
	EVP_PKEY *pkey = *abstract;
	const struct curve *curve = curve_of(pkey);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int rc = -1;

	(void)session;
	*signature = NULL;
	if (ctx != NULL && EVP_DigestSignInit(ctx, NULL, curve != NULL ?
	    curve->digest() : EVP_sha512(), NULL, pkey) == 1 &&
	    EVP_DigestSign(ctx, NULL, length, data, n) == 1 &&
	    (*signature = malloc(*length)) != NULL &&
	    EVP_DigestSign(ctx, *signature, length, data, n) == 1)
		rc = curve != NULL ? split_der(signature, length) : 0;
	EVP_MD_CTX_free(ctx);
	if (rc != 0) {
		free(*signature);
		*signature = NULL;
	}
	return rc;
}
